package main

import (
	"cmp"
	"context"
	stdsql "database/sql"
	"fmt"
	"slices"
	"strings"

	"okey/internal/cast"
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
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the people: %w", err)
	}
	waits, err := d.waits(ctx)
	for i, p := range people {
		people[i].Group, people[i].Does = placed(p)
		people[i].Waits = waits[p.UID].say()
		if p.Role == "" {
			people[i].Group, people[i].Role = "Sans fonction", "ne travaille plus dans un établissement"
		}
	}
	slices.SortStableFunc(people, func(a, b idp.Person) int {
		return cmp.Or(cmp.Compare(proposed(a.UID), proposed(b.UID)), cmp.Compare(waits[b.UID].all(), waits[a.UID].all()))
	})
	return people, err
}

// work is how much waits for whoever answers for a school.
type work struct{ answers, handovers int }

func (w work) all() int { return w.answers + w.handovers }

func (w work) say() string {
	if w.all() == 0 {
		return ""
	}
	return fmt.Sprintf("À répondre : %d, à remettre : %d", w.answers, w.handovers)
}

// awaited counts each request once: a function may be said by the file and by claims as well.
const awaited = `SELECT p.uid, count(DISTINCT r.id) FILTER (WHERE r.stage = 'awaiting_decision'),
		count(DISTINCT r.id) FILTER (WHERE r.stage = 'awaiting_handover')
	FROM request r JOIN establishment e ON e.uai = r.uai
	JOIN assignment a ON a.uai = coalesce(e.host, e.uai) AND a.function IN ('chef', 'adjoint')
		AND (a.until IS NULL OR a.until >= current_date)
	JOIN person p ON p.id = a.person AND p.id <> r.person
	WHERE r.closed_at IS NULL AND r.stage IN ('awaiting_decision', 'awaiting_handover') GROUP BY p.uid`

// waits answers what waits for whom, by uid: on the provider's page those are found first whom somebody waits for.
func (d directory) waits(ctx context.Context) (map[string]work, error) {
	rows, err := d.db.QueryContext(ctx, awaited)
	if err != nil {
		return nil, fmt.Errorf("read for whom something waits: %w", err)
	}
	defer rows.Close()
	found := map[string]work{}
	for rows.Next() {
		var uid string
		var w work
		if err := rows.Scan(&uid, &w.answers, &w.handovers); err != nil {
			return nil, fmt.Errorf("read for whom something waits: %w", err)
		}
		found[uid] = w
	}
	return found, rows.Err()
}

// find is one of the people; false where they are not there.
func find(people []idp.Person, uid string) (idp.Person, bool) {
	at := slices.IndexFunc(people, func(p idp.Person) bool { return p.UID == uid })
	if at < 0 {
		return idp.Person{}, false
	}
	return people[at], true
}

// placed says with whom a person stands on the provider's page, and what one does as one of the demonstration's cast.
func placed(p idp.Person) (group, does string) {
	for _, g := range cast.Groups {
		for _, player := range g.Players {
			if player.UID == p.UID {
				return g.Name, player.Does
			}
		}
	}
	switch {
	case p.Claims == nil:
		return "Académie", ""
	case p.Claims["FrEduFonctAdm"] != nil:
		return "Direction", ""
	}
	return "Personnels", ""
}

// proposed is somebody's place among those who are proposed first; everybody else comes after them.
func proposed(uid string) int {
	place := 0
	for _, g := range cast.Groups {
		for _, player := range g.Players {
			if player.UID == uid {
				return place
			}
			place++
		}
	}
	return place
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
