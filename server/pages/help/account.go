package help

import (
	"fmt"
	"net/http"
	"slices"

	"okey/internal/address"
	"okey/okey"
	"okey/server/web"
	"okey/sql"
)

// accountScreen is what OKEY takes somebody for, and where they have signed in.
type accountScreen struct {
	Facts     []web.Fact
	Roles     []string
	Nowhere   string
	Granted   bool // a role that no directory has: the operator gives it
	Elsewhere bool // and posts besides
	Tokens    int  // that open OKEY to other programs
	Form      *web.Form
}

func sessionsForm(v *web.Visit) *web.Form {
	return web.NewForm(v, "sessions", address.PathAccount+"/sessions", "Fermer toutes mes sessions", nil)
}

// accountPage is for whoever has signed in.
func (s *Pages) accountPage(v *web.Visit) error { return s.showAccount(v, http.StatusOK, "") }

func (s *Pages) showAccount(v *web.Visit, code int, warning string) error {
	page := accountScreen{
		Form: sessionsForm(v), Facts: namesOf(v.Actor),
		Granted: v.Actor.Support || v.Actor.Auditor, Elsewhere: len(v.Actor.Assignments) > 0,
	}
	status, err := s.store.PersonStatus(v.Ctx(), v.Actor.ID, v.Now)
	if err != nil {
		return err
	}
	page.Tokens = status.Tokens
	if page.Roles, err = s.rolesOf(v); err != nil {
		return err
	}
	if len(page.Roles) == 0 {
		page.Nowhere = web.Nowhere
	}
	return s.Show(v, code, "account", web.Screen{Title: "Mon compte", Warning: warning, Body: page})
}

// namesOf is what a person is known by.
func namesOf(a okey.Actor) []web.Fact {
	return []web.Fact{{Name: "Nom", Value: a.Name()}, {Name: "Identifiant", Value: a.UID}, {Name: "Courriel", Value: a.Mail}}
}

const (
	soonEnds   = 6   // months before its end, when that becomes worth a word
	withoutEnd = 240 // months: nobody means to name that day
)

// rolesOf says in a line each what the visitor is, and where.
func (s *Pages) rolesOf(v *web.Visit) ([]string, error) {
	var uais []okey.UAI
	for _, a := range v.Actor.Assignments {
		uais = append(uais, a.UAI)
	}
	for _, d := range v.Actor.Delegations {
		uais = append(uais, d.UAI)
	}
	names, err := s.store.Names(v.Ctx(), uais...)
	if err != nil {
		return nil, err
	}
	var roles []string
	approves := map[okey.UAI]bool{}
	for _, a := range v.Actor.Assignments {
		approves[a.UAI] = approves[a.UAI] || a.Function.Approves()
	}
	for _, a := range v.Actor.Assignments {
		if a.Function == okey.Staff && approves[a.UAI] {
			continue // a head is staff too
		}
		line := fmt.Sprintf("%s, %s (%s)", okey.Capitalize(a.Function.French()), names[a.UAI], a.UAI)
		if !a.Until.IsZero() && a.Until.Before(v.Today().AddMonths(soonEnds)) {
			line += ", jusqu'au " + a.Until.Say(v.Today())
		}
		if !slices.Contains(roles, line) { // the directory may say what an import says
			roles = append(roles, line)
		}
	}
	for _, d := range v.Actor.Delegations {
		when := d.SayDays(v.Today())
		if v.Today().AddMonths(withoutEnd).Before(d.Until) { // directories write 31/12/9999
			when = fmt.Sprintf("depuis le %s, sans fin annoncée", d.From.Say(v.Today()))
		}
		roles = append(roles, fmt.Sprintf("Délégataire (%s), %s (%s), %s", d.Scope.French(), names[d.UAI], d.UAI, when))
	}
	if v.Actor.Support {
		roles = append(roles, "Assistance")
	}
	if v.Actor.Auditor {
		roles = append(roles, "Auditeur")
	}
	return roles, nil
}

// endSessions signs the visitor out everywhere, here too.
func (s *Pages) endSessions(v *web.Visit) error {
	f := sessionsForm(v)
	if err := s.Read(v, f); err != nil {
		return err
	}
	err := s.store.Do(v.Ctx(), func(tx *sql.Tx) error {
		if err := tx.EndSessions(v.Ctx(), v.Actor.ID, v.Actor.ID, okey.ViaWeb, v.Now.UTC()); err != nil {
			return err
		}
		_, err := tx.RevokeTokens(v.Ctx(), sql.Bearer{Person: v.Actor.ID}, v.Now.UTC())
		return err
	})
	if err != nil {
		return err
	}
	return s.signin.SignOut(v.Context)
}
