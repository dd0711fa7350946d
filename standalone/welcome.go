package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"okey/config"
	"okey/internal/cast"
)

// welcome tells where everything is, what to do next, and how to see that nothing is lost.
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
	if err := table.Flush(); err != nil {
		return err
	}
	requester, demonstrated := find(everyone, cast.Requester)
	switch {
	case len(everyone) == 0:
		fmt.Fprintln(w, "\n  Personne ne peut encore se connecter : importez des établissements et des personnels avec bin/okey import.")
	case h.demonstrates() && demonstrated:
		head, _ := find(everyone, cast.Head)
		fmt.Fprintf(w, "\n  Trois choses à faire, en deux minutes :\n")
		fmt.Fprintf(w, "    1. Ouvrez %s et choisissez %s : elle demande une clef. La page dit la suite.\n", a.http.url(), requester.Name())
		fmt.Fprintf(w, "    2. Ouvrez %s : %s a reçu un courriel, dont le bouton répond.\n", a.inbox.url(), head.Name())
		fmt.Fprintf(w, "    3. Ouvrez %s : la même demande, vue par le moteur.\n", a.temporalUI.url())
		fmt.Fprintf(w, "  Les autres personnes, de la direction, de l'assistance ou de l'audit : %s, sans mot de passe.\n", a.idp.url())
	default:
		fmt.Fprintf(w, "\n  Qui peut se connecter, sans mot de passe : %s\n", a.idp.url())
	}
	fmt.Fprintf(w, "\n  Rien ne se perd. Essayez au milieu d'une demande, d'un autre terminal : kill -9 %d\n", os.Getpid())
	fmt.Fprintf(w, "  Relancez, et elle continue : %s\n", strings.Join(os.Args, " "))
	_, err = fmt.Fprintln(w, "\n  Ctrl-C arrête tout.")
	return err
}

// serves tells where a small production is. Nobody reads it but the log of whatever starts it.
func (h *house) serves(w io.Writer, cfg config.Config) error {
	_, err := fmt.Fprintf(w, "OKEY est prêt : %s, servi sur %s. Moteur %s, son interface %s. Ctrl-C arrête tout.\n",
		cfg.URL, h.addresses.http.at, h.addresses.temporal.at, h.addresses.temporalUI.url())
	if said := cfg.Exposed(); said != "" {
		fmt.Fprintln(os.Stderr, "okey-standalone :", said)
	}
	return err
}
