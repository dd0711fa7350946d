package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"okey/config"
	"okey/okey"
	"okey/sql"
)

// TokenCommand is `okey token`.
type TokenCommand struct {
	Mail    string        `arg:"" optional:"" name:"mail" help:"Adresse (ou uid) de la personne."`
	TTL     time.Duration `name:"ttl" default:"1h" help:"Durée de validité, par exemple 30m ou 24h."`
	Service string        `name:"service" placeholder:"NOM" help:"Jeton d'un service, pas d'une personne."`
	Scope   []string      `name:"scope" placeholder:"pin-checks,keys,events,…" help:"Ce que le jeton de service ouvre."`
}

// longestTTL is a leap year: a token without end is one that nobody looks at any more.
const longestTTL = 366 * 24 * time.Hour

// serviceScopes are what a service's token may open.
var serviceScopes = []string{"pin-checks", "logins", "keys", "events", "staff", "establishments"}

// Run prints a new token. Only its hash is kept: it can't be shown again.
func (c *TokenCommand) Run(ctx context.Context, cfg *config.Config, out io.Writer) error {
	if err := c.check(); err != nil {
		return err
	}
	store, err := openStore(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	bearer := sql.Bearer{Service: c.Service, Scopes: c.Scope}
	if c.Service == "" {
		person, err := onePerson(ctx, store, c.Mail)
		if err != nil {
			return err
		}
		bearer.Person = person.ID
	}
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails, by its contract
	token := "okey_" + base64.RawURLEncoding.EncodeToString(secret)
	now := time.Now().UTC()
	err = store.Do(ctx, func(tx *sql.Tx) error {
		return tx.SaveToken(ctx, token, bearer, now, now.Add(c.TTL))
	})
	if err != nil {
		return withHolder(ctx, store, err)
	}
	_, err = fmt.Fprintln(out, token)
	return err
}

func (c *TokenCommand) check() error {
	switch {
	case (c.Mail == "") == (c.Service == ""):
		return okey.Errorf(okey.CodeInvalid, "donnez une adresse, ou --service et --scope : l'un des deux.")
	case c.TTL > longestTTL:
		return okey.Errorf(okey.CodeInvalid, "--ttl : un jeton vaut un an au plus (8784h).")
	case c.TTL <= 0:
		return okey.Errorf(okey.CodeInvalid, "--ttl : donnez une durée, par exemple 1h.")
	case c.Service == "" && len(c.Scope) > 0:
		return okey.Errorf(okey.CodeInvalid, "--scope ne va qu'avec --service.")
	case c.Service != "" && len(c.Scope) == 0:
		return okey.Errorf(okey.CodeInvalid, "--scope : dites ce que le service peut faire (%s).", strings.Join(serviceScopes, ", "))
	}
	for _, scope := range c.Scope {
		if !slices.Contains(serviceScopes, scope) {
			return okey.Errorf(okey.CodeInvalid, "--scope : « %s » n'existe pas (%s).", scope, strings.Join(serviceScopes, ", "))
		}
	}
	return nil
}

// onePerson finds a person by mail address, or by uid. Addresses are not unique: where several people share one, their uids are listed.
func onePerson(ctx context.Context, store *sql.Store, mail string) (okey.Person, error) {
	found, err := store.PeopleByMail(ctx, mail)
	if err != nil {
		return okey.Person{}, err
	}
	known, err := store.PersonByUID(ctx, mail)
	switch {
	case err == nil && !slices.ContainsFunc(found, func(p okey.Person) bool { return p.ID == known.ID }):
		found = append(found, known) // one's uid, another's address
	case err != nil && okey.ErrorCode(err) != okey.CodeNotFound:
		return okey.Person{}, err
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return okey.Person{}, okey.Errorf(okey.CodeNotFound, "personne n'a l'adresse %s dans OKEY.", mail)
	}
	uids := make([]string, len(found))
	for i, p := range found {
		uids[i] = fmt.Sprintf("%s (%s)", p.UID, p.Name())
	}
	return okey.Person{}, okey.Errorf(okey.CodeInvalid,
		"plusieurs personnes ont l'adresse ou l'uid %s. Donnez un uid, ou une autre adresse : %s.", mail, strings.Join(uids, ", "))
}
