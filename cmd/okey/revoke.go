package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"okey/config"
	"okey/okey"
	"okey/sql"
)

// RevokeCommand is `okey revoke`: what somebody, or a service, has been let in with is worth nothing any more.
type RevokeCommand struct {
	Mail    string `arg:"" optional:"" name:"mail" help:"Adresse (ou uid) de la personne : ses sessions et ses jetons."`
	Service string `name:"service" placeholder:"NOM" help:"Les jetons d'un service."`
}

// Run ends the sessions at the next click in each, and the tokens at once. Functions are the directory's: whoever still has one may sign in
// again.
func (c *RevokeCommand) Run(ctx context.Context, cfg *config.Config, out io.Writer) error {
	if (c.Mail == "") == (c.Service == "") {
		return okey.Errorf(okey.CodeInvalid, "donnez une adresse, ou --service : l'un des deux.")
	}
	store, err := openStore(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	bearer, now := sql.Bearer{Service: c.Service}, time.Now().UTC()
	if c.Mail != "" {
		person, err := onePerson(ctx, store, c.Mail)
		if err != nil {
			return err
		}
		bearer.Person = person.ID
	}
	var tokens int
	err = store.Do(ctx, func(tx *sql.Tx) error {
		if c.Mail != "" {
			if err := tx.EndSessions(ctx, bearer.Person, okey.PersonID{}, okey.ViaSupport, now); err != nil {
				return err
			}
		}
		tokens, err = tx.RevokeTokens(ctx, bearer, now)
		return err
	})
	if err != nil {
		return withHolder(ctx, store, err)
	}
	said := fmt.Sprintf("%s : ", okey.SayEither(tokens, "1 jeton ne vaut plus rien", okey.SayNumber(tokens)+" jetons ne valent plus rien"))
	if tokens == 0 {
		said = "Aucun jeton à retirer : "
	}
	if c.Mail != "" {
		said += "les sessions de " + c.Mail + " sont fermées."
	} else {
		said += "service " + c.Service + "."
	}
	_, err = fmt.Fprintln(out, said)
	return err
}
