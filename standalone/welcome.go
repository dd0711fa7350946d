package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"okey/standalone/idp"
)

const introduced = 15 // people in the welcome

// welcome tells where everything is and who can sign in.
func (h *house) welcome(ctx context.Context, w io.Writer, people directory) error {
	everyone, err := people.People(ctx)
	if err != nil {
		return err
	}
	a := h.addresses
	fmt.Fprintln(w, "OKEY est prêt.")
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	if h.flags.Okey {
		fmt.Fprintf(table, "\n  OKEY\t%s\n", a.http.url())
	} else {
		fmt.Fprintf(table, "\n  OKEY\tà démarrer avec bin/okey server et bin/okey worker\n")
	}
	fmt.Fprintf(table, "  Courriels\t%s\n  Temporal\t%s\n  Connexion\t%s\n", a.inbox.url(), a.temporalUI.url(), a.idp.url())
	fmt.Fprintf(table, "  Moteur\t%s, espace de noms %s\n", a.temporal.at, namespace)
	fmt.Fprintf(table, "  Pour bin/okey\tset -a; . %s; set +a\n", environmentFile(h.flags.Data))
	if len(everyone) > 0 {
		fmt.Fprintln(table, "\n  Qui peut se connecter, sans mot de passe :")
	} else {
		fmt.Fprintln(
			table,
			"\n  Personne ne peut encore se connecter : importez des établissements et des personnels avec bin/okey import.",
		)
	}
	for _, p := range representatives(everyone) {
		fmt.Fprintf(table, "    %s\t%s\t%s\n", p.Name(), p.Role, p.Mail)
	}
	if len(everyone) > introduced {
		fmt.Fprintf(table, "    et %d autres : %s\n", len(everyone)-introduced, a.idp.url())
	}
	fmt.Fprintln(table, "\n  Ctrl-C arrête tout.")
	return table.Flush()
}

// representatives picks a few people who differ in what they are.
func representatives(people []idp.Person) []idp.Person {
	if len(people) <= introduced {
		return people
	}
	var picked, others []idp.Person
	seen := map[string]bool{}
	for _, p := range people {
		kind := p.Role
		if p.Claims != nil {
			kind = fmt.Sprint(p.Claims["FrEduFonctAdm"])
		}
		if !seen[kind] {
			seen[kind] = true
			picked = append(picked, p)
		} else {
			others = append(others, p)
		}
	}
	return append(picked, others...)[:introduced]
}
