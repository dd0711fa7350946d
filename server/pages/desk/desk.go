package desk

import (
	"net/http"
	"slices"
	"strings"

	"okey/internal/address"
	"okey/okey"
	"okey/server/pages/story"
	"okey/server/web"
)

// Counts is what waits for support, in a line each that leads there.
type Counts struct{ Lines []web.NavLink }

// Counts counts it for support's home. The engine is asked on support's own page alone: home is there whether it answers or not.
func (s *Pages) Counts(v *web.Visit) (*Counts, error) {
	st, err := s.stuck(v, deskRows)
	counts := &Counts{}
	for _, m := range st.matters(nil, web.Paris(v), s.workflow) {
		counts.Lines = append(counts.Lines, web.NavLink{Name: m.Count, Path: address.PathDesk + "#" + m.ID})
	}
	return counts, err
}

// deskScreen is support's page: what is stuck.
type deskScreen struct {
	Links   []web.NavLink // to the pages of the desk that this reader may use
	Sheet   string
	Matters []matter
	Engine  string // where it could not be asked
	Mends   bool   // its reader may set things going again
	Refused []story.DeskLine
	Resend  *web.Form // all mails of a time in which the relay refused them; nil for who may not
}

// deskLinks are the pages of the desk, and what their reader must be allowed to do.
var deskLinks = []struct {
	name, path string
	act        okey.Act
}{
	{"Tableau de bord", address.PathDashboard, okey.ActSeeDesk},
	{"Livraisons", address.PathDeliveries, okey.ActSeeDesk},
	{"Commandes", address.PathOrders, okey.ActSeeDesk},
	{"Clefs à confirmer", address.PathReports, okey.ActSeeDesk},
	{"Déplacer des clefs", address.PathMoveKeys, okey.ActMoveKeys},
	{"Fermetures et fusions", address.PathSuccession, okey.ActSeeDesk},
	{"Personnes rattachées", address.PathAttachments, okey.ActSeeDesk},
	{"Établissements sans direction", address.PathHosts, okey.ActSeeDesk},
	{"Délégations", address.PathDelegations, okey.ActSeeDesk},
	{"Imports et annuaire", address.PathImports, okey.ActSeeDesk},
	{"Courriels", address.PathLetters, okey.ActSeeDesk},
	{"Journal d'audit", address.PathAudit, okey.ActSeeDesk},
}

// deskPage is for support and auditors.
func (s *Pages) deskPage(v *web.Visit) error {
	if err := seesDesk(v); err != nil {
		return err
	}
	return s.showDesk(v, http.StatusOK, resendAllForm(v), "")
}

func (s *Pages) showDesk(v *web.Visit, status int, resend *web.Form, warning string) error {
	if asked := strings.TrimSpace(v.Query("q")); asked != "" {
		return s.foundPage(v, asked)
	}
	page := deskScreen{Mends: web.MayArrange(v) == nil, Sheet: web.SheetURL(v)}
	for _, link := range deskLinks {
		if okey.May(link.act, v.Actor, okey.Subject{}, v.Today()) == nil {
			page.Links = append(page.Links, web.NavLink{Name: link.name, Path: link.path})
		}
	}
	st, err := s.stuck(v, deskRows)
	if err != nil {
		return err
	}
	gone, answered, err := s.unfollowed(v)
	if err != nil {
		return err
	}
	if !answered {
		page.Engine = "Le moteur n'a pas répondu : OKEY n'a pas pu vérifier que chaque demande est suivie. " +
			"Si cela dure, prévenez l'exploitant."
	}
	c := web.Paris(v)
	page.Matters = st.matters(gone, c, s.workflow)
	if okey.May(okey.ActResendMail, v.Actor, okey.Subject{}, v.Today()) == nil {
		page.Resend = resend
	}
	done, found, err := s.JustDone(v)
	if err != nil {
		return err
	}
	notice := ""
	if found && done.Name == okey.ActionMailsResend {
		notice = "Les courriels refusés entre ces deux moments repartent, mis à jour."
	}
	refused, err := s.refused(v, deskRows)
	if err != nil {
		return err
	}
	page.Refused = story.DeskLines(refused, c)
	mails := slices.ContainsFunc(page.Matters, func(m matter) bool { return len(m.Mails) > 0 })
	if warning == "" && len(resend.Errors) > 0 && !mails { // the list that the form stands under is gone
		warning = resend.Errors[0].Message
	}
	return s.Show(v, status, "desk", web.Screen{Title: "Assistance", Notice: notice, Warning: warning, Body: page})
}
