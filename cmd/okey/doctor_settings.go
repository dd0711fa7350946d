package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"okey/config"
	"okey/okey"
	"okey/server"
	"okey/worker"
)

const notGiven = advice("pas donnés à cette commande, non vérifiés.")

// settings checks what server or worker would: where the variables of one of them are there, all must be.
func (d *doctor) settings(role config.Role) func(context.Context) (string, error) {
	return func(context.Context) (string, error) {
		if !d.cfg.Given(role) {
			return "", notGiven
		}
		cfg := *d.cfg
		cfg.AdminDatabaseURL = "" // this command may be given it
		var problems config.Problems
		if err := cfg.Check(role); errors.As(err, &problems) {
			lines := make([]string, len(problems))
			for i, p := range problems {
				lines[i] = p.Name + " " + p.What
			}
			return "", okey.Errorf(okey.CodeInvalid, "%s.", strings.Join(lines, " ; "))
		}
		return "complets", nil
	}
}

// address looks at what people's browsers are told.
func (d *doctor) address(context.Context) (string, error) {
	exposed := d.cfg.Exposed()
	switch {
	case d.cfg.URL == "":
		return "", advice("pas donnée à cette commande (OKEY_URL), non vérifiée.")
	case exposed != "":
		return "", okey.Errorf(okey.CodeInvalid, "%s", exposed)
	case strings.HasPrefix(d.cfg.URL, "https://") && len(d.cfg.TrustedProxies) == 0:
		return "", advice("OKEY_TRUSTED_PROXIES est vide : derrière un relais, tout le monde a la même adresse, et partage la même " +
			"limite d'essais.")
	}
	return d.cfg.URL, nil
}

// keys looks whether each key serves one purpose.
func (d *doctor) keys(context.Context) (string, error) {
	if shared := d.cfg.SharedKeys(); len(shared) > 0 {
		return "", okey.Errorf(okey.CodeInvalid, "%s. Une clef ne sert qu'à une chose : « okey secrets DOSSIER --rotate NOM » en fait "+
			"une neuve.", okey.Capitalize(strings.Join(shared, " ; ")))
	}
	if older := d.cfg.OlderKeysInUse(); len(older) > 0 {
		return "", advice(strings.Join(older, " ; ") + " : mettez la plus récente en premier.")
	}
	return "une par usage", nil
}

// discovery is what sign-in needs of the provider's own description (OpenID Connect Discovery 1.0, section 3).
type discovery struct {
	Issuer     string   `json:"issuer"`
	Authorize  string   `json:"authorization_endpoint"`
	Token      string   `json:"token_endpoint"`
	Keys       string   `json:"jwks_uri"`
	Challenges []string `json:"code_challenge_methods_supported"`
}

const longestDiscovery = 1 << 20

// provider asks the identity provider who it is.
func (d *doctor) provider(ctx context.Context) (string, error) {
	issuer := d.cfg.OIDCIssuer
	if issuer == "" {
		return "", advice("pas donné à cette commande (OKEY_OIDC_ISSUER), non vérifié.")
	}
	address := strings.TrimSuffix(issuer, "/") + "/.well-known/openid-configuration"
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", fmt.Errorf("ask %s: %w", address, err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", &okey.Error{
			Code:    okey.CodeUnavailable,
			Message: "ne répond pas à " + address + " : vérifiez OKEY_OIDC_ISSUER, le réseau et le certificat.", Err: err,
		}
	}
	defer func() { _ = response.Body.Close() }()
	var said discovery
	body, err := io.ReadAll(io.LimitReader(response.Body, longestDiscovery))
	if err == nil {
		err = json.Unmarshal(body, &said)
	}
	switch {
	case response.StatusCode != http.StatusOK || err != nil:
		return "", okey.Errorf(okey.CodeUnavailable, "%s ne décrit aucun fournisseur (réponse %d) : vérifiez OKEY_OIDC_ISSUER.", address,
			response.StatusCode)
	case said.Issuer != issuer:
		return "", okey.Errorf(okey.CodeInvalid, "se nomme %s : écrivez exactement cela dans OKEY_OIDC_ISSUER.", shortly(said.Issuer))
	case said.Authorize == "" || said.Token == "" || said.Keys == "":
		return "", okey.Errorf(okey.CodeUnavailable,
			"sa description est incomplète : elle ne dit pas où se connecter, ou sous quelles clefs.")
	case len(said.Challenges) > 0 && !slices.Contains(said.Challenges, "S256"):
		return "", advice("il n'annonce pas PKCE (S256), dont OKEY se sert : vérifiez qu'il l'accepte.")
	}
	return "répond, " + net.JoinHostPort(r.URL.Hostname(), portOf(r.URL)), nil
}

// besidePool is what a program opens beside its pool: one that listens, and now and then one that asks which database answers.
const besidePool = 2

// connections holds what one server and one worker may open against what the database gives their role.
func (d *doctor) connections(ctx context.Context) (string, error) {
	most, err := d.store.ConnectionLimit(ctx)
	each := d.cfg.PoolSize() + besidePool
	switch {
	case err != nil:
		return "", err
	case each > most:
		return "", okey.Errorf(okey.CodeInvalid, "un programme en ouvre jusqu'à %s (OKEY_DATABASE_CONNECTIONS), et la base en donne %s : "+
			"baissez ce réglage, ou faites-en donner plus par PostgreSQL.", okey.SayNumber(each), okey.SayNumber(most))
	case 2*each > most:
		return "", advice(fmt.Sprintf("un serveur et un worker en ouvrent jusqu'à %s, et la base en donne %s : baissez "+
			"OKEY_DATABASE_CONNECTIONS, ou faites-en donner plus par PostgreSQL.", okey.SayNumber(2*each), okey.SayNumber(most)))
	}
	return fmt.Sprintf("%s au plus par programme, la base en donne %s", okey.SayNumber(each), okey.SayNumber(most)), nil
}

// directory looks whether the academy's directory lets itself be read.
func (d *doctor) directory(ctx context.Context) (string, error) {
	from := worker.DirectoryOf(*d.cfg)
	switch {
	case from == nil && d.cfg.Given(config.RoleWorker):
		return "aucun (OKEY_LDAP_URL)", nil
	case from == nil:
		return "", advice("pas donné à cette commande (OKEY_LDAP_URL), non vérifié.")
	}
	return "se laisse lire, " + from.URL, from.Check(ctx)
}

// backedUpWithin is how old the last backup may be: those are taken each night, and this is looked at each night after that.
const backedUpWithin = 25 * time.Hour

// backup looks whether one was taken of late.
func (d *doctor) backup(ctx context.Context) (string, error) {
	last, since, err := d.store.LastBackup(ctx)
	const how = " : docs/backup.md dit comment en faire une, et comment la vôtre se note."
	switch {
	case err != nil:
		return "", err
	case last.IsZero() && (d.cfg.Demonstration != "" || d.now.Sub(since) < backedUpWithin):
		return "", advice("aucune encore" + how)
	case last.IsZero():
		return "", okey.Errorf(okey.CodeUnavailable, "aucune n'a été faite%s", how)
	case d.now.Sub(last) > backedUpWithin:
		return "", okey.Errorf(okey.CodeUnavailable, "la dernière date du %s%s", last.UTC().Format(time.RFC3339), how)
	}
	return "faite le " + last.UTC().Format(time.RFC3339), nil
}

// radius asks each authentication server whether it is there. Not every server answers that (RFC 5997), so what is silent is no fault yet.
func (d *doctor) radius(ctx context.Context) (string, error) {
	switch {
	case !d.cfg.HasRadius() && d.cfg.Given(config.RoleServer):
		return "aucun (OKEY_RADIUS_SERVERS)", nil
	case !d.cfg.HasRadius():
		return "", advice("pas donné à cette commande (OKEY_RADIUS_SERVERS), non vérifié.")
	}
	from := server.RadiusOf(*d.cfg)
	from.Timeout = 4 * time.Second / time.Duration(len(from.Servers))
	var there, silent []string
	for i, asked := range d.cfg.Radius() {
		if from.Alive(ctx, from.Servers[i]) == nil {
			there = append(there, asked.String())
		} else {
			silent = append(silent, asked.String())
		}
	}
	if len(silent) > 0 {
		return "", advice(strings.Join(silent, ", ") + " : pas de réponse à Status-Server (RFC 5997). Il est arrêté, il ne connaît pas " +
			"OKEY ou son secret, ou il ne répond jamais à cela : essayez une clef.")
	}
	return "là, " + strings.Join(there, ", "), nil
}

// reading looks whether all was taken of what the directory said last.
func (d *doctor) reading(ctx context.Context) (string, error) {
	run, found, err := d.store.LastReading(ctx)
	switch held := run.HeldBack(); {
	case err != nil:
		return "", err
	case !found:
		return "aucune encore", nil
	case len(held) > 0:
		return "", okey.Errorf(okey.CodeUnavailable, "%s Celle du %s : la page Assistance dit tout.",
			held[0].Message, run.At.Format(time.RFC3339))
	}
	return "prise, celle du " + run.At.Format(time.RFC3339), nil
}

func portOf(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	if u.Scheme == "https" {
		return "443"
	}
	return "80"
}

// shortly keeps what a stranger says on its line.
func shortly(text string) string {
	const most = 200
	if line := []rune(okey.VisibleLine(text)); len(line) > most {
		return string(line[:most]) + "…"
	}
	return okey.VisibleLine(text)
}

// receivers looks whether each takes what OKEY sends it.
func (d *doctor) receivers(ctx context.Context) (string, error) {
	all, err := d.store.WebhookReceivers(ctx)
	if err != nil {
		return "", err
	}
	takes, stopped := 0, []string{}
	for _, r := range all {
		switch r.State {
		case okey.WebhookActive:
			takes++
		case okey.WebhookStopped:
			stopped = append(stopped, r.Name)
		}
	}
	if len(stopped) > 0 {
		return "", okey.Errorf(okey.CodeUnavailable, "%s : l'envoi est arrêté. L'assistance lit pourquoi et le reprend, dans "+
			"« Récepteurs d'événements ».", strings.Join(stopped, ", "))
	}
	return okey.SayCount(takes, "actif"), nil
}
