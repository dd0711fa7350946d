package main

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"slices"
	"strings"

	"okey/standalone/demo"
	"okey/standalone/idp"
)

// directory is OKEY's own people, as the provider's: whoever was imported can sign in. What claims said is left out: it came from here.
type directory struct{ db *stdsql.DB }

const everybody = `SELECT p.uid, p.family_name, p.given_name, p.mail, p.support, p.auditor,
		coalesce(a.function, ''), coalesce(a.uai, ''), coalesce(e.name, '')
	FROM person p LEFT JOIN assignment a ON a.person = p.id AND a.source <> 'claims' LEFT JOIN establishment e ON e.uai = a.uai
	ORDER BY p.family_name, p.given_name, p.uid, a.function, a.uai`

// functions are a staff file's, as people say them and as the academy's directory spells them (FrEduFonctAdm).
var functions = map[string]struct{ french, code string }{
	"chef":      {"chef d'établissement", "DIR"},
	"adjoint":   {"adjoint", "ADJ"},
	"personnel": {"personnel", ""},
}

// People returns everybody, with the claims that an academy's directory would give.
func (d directory) People(ctx context.Context) ([]idp.Person, error) {
	rows, err := d.db.QueryContext(ctx, everybody)
	if err != nil {
		return nil, fmt.Errorf("read the people: %w", err)
	}
	defer rows.Close()
	var people []idp.Person
	var roles []string
	for rows.Next() {
		var p idp.Person
		var support, auditor bool
		var function, uai, school string
		if err := rows.Scan(&p.UID, &p.FamilyName, &p.GivenName, &p.Mail, &support, &auditor, &function, &uai, &school); err != nil {
			return nil, fmt.Errorf("read a person: %w", err)
		}
		if n := len(people); n == 0 || people[n-1].UID != p.UID {
			people = append(people, p)
			roles = roles[:0]
			if support {
				roles = append(roles, "assistance")
			}
			if auditor {
				roles = append(roles, "auditeur")
			}
		}
		last := &people[len(people)-1]
		if function != "" {
			roles = append(roles, functions[function].french+", "+school)
			assign(last, function, uai)
		}
		last.Role = strings.Join(roles, " ; ")
	}
	// Whom the tour names are found without a search.
	slices.SortStableFunc(people, func(a, b idp.Person) int { return strangeness(a) - strangeness(b) })
	return people, rows.Err()
}

func strangeness(p idp.Person) int {
	if demo.Known(p.UID) {
		return 0
	}
	return 1
}

// assign adds a function to a person's claims: FrEduRne names the schools of assignment, FrEduRneResp those one heads.
func assign(p *idp.Person, function, uai string) {
	if p.Claims == nil {
		p.Claims = map[string]any{"FrEduRne": []string{}, "FrEduRneResp": []string{}}
	}
	school := uai + "$UAJ$PU$N"
	p.Claims["FrEduRne"] = append(p.Claims["FrEduRne"].([]string), school)
	if code := functions[function].code; code != "" && p.Claims["FrEduFonctAdm"] != "DIR" {
		p.Claims["FrEduFonctAdm"] = code
	}
	if function == "chef" {
		p.Claims["FrEduRneResp"] = append(p.Claims["FrEduRneResp"].([]string), school)
	}
}
