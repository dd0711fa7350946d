package main

import (
	"context"
	"fmt"
	"io"
	"net/mail"
	"strings"
	"time"

	"okey/config"
	"okey/okey"
	"okey/sql"
)

// GrantCommand is `okey grant`: the roles that no directory knows.
type GrantCommand struct {
	Role   string `arg:"" name:"rôle" enum:"support,auditor" help:"support ou auditor."`
	Mail   string `arg:"" name:"mail" help:"Adresse (ou uid) de la personne."`
	Revoke bool   `help:"Retirer le rôle au lieu de le donner."`
}

// Run gives the role. Somebody whom OKEY does not know yet is created by address, so that a new installation has its first support: who
// first signs in with that address, vouched for by the identity provider, is that person.
func (c *GrantCommand) Run(ctx context.Context, cfg *config.Config, out io.Writer) error {
	store, err := openStore(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	person, err := onePerson(ctx, store, c.Mail)
	unknown := okey.ErrorCode(err) == okey.CodeNotFound && !c.Revoke
	if err != nil && !unknown {
		return err
	}
	if unknown {
		address, err := mail.ParseAddress(c.Mail)
		if err != nil {
			return okey.Errorf(okey.CodeInvalid, "« %s » n'est ni une adresse de courrier, ni l'uid de quelqu'un.", c.Mail)
		}
		person = okey.Person{UID: strings.ToLower(address.Address), Mail: address.Address}
	}
	now := time.Now().UTC()
	err = store.Do(ctx, func(tx *sql.Tx) error {
		if unknown {
			if person.ID, err = tx.SavePerson(ctx, person, now); err != nil {
				return err
			}
		}
		return tx.SetRole(ctx, person.ID, okey.Role(c.Role), !c.Revoke, now)
	})
	if err != nil {
		return withHolder(ctx, store, err)
	}
	return c.say(out, person, unknown)
}

// roleNames is what people call the roles that are granted.
var roleNames = map[okey.Role]string{okey.RoleSupport: "assistance", okey.RoleAuditor: "audit"}

func (c *GrantCommand) say(out io.Writer, person okey.Person, unknown bool) error {
	role := roleNames[okey.Role(c.Role)]
	name := person.Name()
	if name == "" {
		name = person.Mail
	}
	sentence := fmt.Sprintf("%s a le rôle « %s ».", name, role)
	switch {
	case c.Revoke:
		sentence = fmt.Sprintf("%s n'a plus le rôle « %s ».", name, role)
	case unknown:
		sentence += " OKEY ne connaissait pas cette personne : elle sera reconnue à sa première connexion, par cette adresse vérifiée."
	}
	_, err := fmt.Fprintln(out, sentence)
	return err
}
