package server

import (
	"fmt"
	"net/http"
	"slices"

	"okey/okey"
	"okey/sql"
)

const pathAccount = "/compte"

// accountScreen is what OKEY takes somebody for, and where they have signed in.
type accountScreen struct {
	Facts     []fact
	Roles     []string
	Nowhere   string
	Granted   bool // a role that no directory has: the operator gives it
	Elsewhere bool // and posts besides
	Tokens    int  // that open OKEY to other programs
	Form      *form
}

func sessionsForm(v *visit) *form {
	return newForm(v, "sessions", pathAccount+"/sessions", "Fermer toutes mes sessions", map[string]field{})
}

// accountPage is for whoever has signed in.
func (s *Server) accountPage(v *visit) error { return s.showAccount(v, http.StatusOK, "") }

func (s *Server) showAccount(v *visit, code int, warning string) error {
	page := accountScreen{Form: sessionsForm(v), Facts: []fact{{Name: "Nom", Value: v.Actor.Name()}, {Name: "Identifiant", Value: v.Actor.UID}, {Name: "Courriel", Value: v.Actor.Mail}}}
	status, err := s.store.PersonStatus(v.ctx(), v.Actor.ID, v.Now)
	if err != nil {
		return err
	}
	page.Tokens = status.Tokens
	roles, err := s.rolesOf(v)
	if err != nil {
		return err
	}
	page.Granted, page.Elsewhere = v.Actor.Support || v.Actor.Auditor, len(v.Actor.Assignments) > 0
	if page.Roles = roles; len(roles) == 0 {
		page.Nowhere = nowhere
	}
	return s.show(v, code, "account", screen{Title: "Mon compte", Warning: warning, Body: page})
}

const (
	soonEnds   = 6   // months before its end, when that becomes worth a word
	withoutEnd = 240 // months: nobody means to name that day
)

// rolesOf says in a line each what the visitor is, and where.
func (s *Server) rolesOf(v *visit) ([]string, error) {
	var uais []okey.UAI
	for _, a := range v.Actor.Assignments {
		uais = append(uais, a.UAI)
	}
	for _, d := range v.Actor.Delegations {
		uais = append(uais, d.UAI)
	}
	names, err := s.store.Names(v.ctx(), uais...)
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
		if !a.Until.IsZero() && a.Until.Before(v.today().AddMonths(soonEnds)) {
			line += ", jusqu'au " + a.Until.Say(v.today())
		}
		if !slices.Contains(roles, line) { // the directory may say what an import says
			roles = append(roles, line)
		}
	}
	for _, d := range v.Actor.Delegations {
		when := d.SayDays(v.today())
		if v.today().AddMonths(withoutEnd).Before(d.Until) { // directories write 31/12/9999
			when = fmt.Sprintf("depuis le %s, sans fin annoncée", d.From.Say(v.today()))
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
func (s *Server) endSessions(v *visit) error {
	f := sessionsForm(v)
	if err := s.read(v, f); err != nil {
		return err
	}
	err := s.store.Do(v.ctx(), func(tx *sql.Tx) error {
		if err := tx.EndSessions(v.ctx(), v.Actor.ID, v.Actor.ID, okey.ViaWeb, v.Now.UTC()); err != nil {
			return err
		}
		_, err := tx.RevokeTokens(v.ctx(), sql.Bearer{Person: v.Actor.ID}, v.Now.UTC())
		return err
	})
	if err != nil {
		return err
	}
	s.signOut(v.Context)
	return nil
}
