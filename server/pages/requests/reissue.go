package requests

import (
	"net/http"
	"slices"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/respond"
	"okey/server/web"
)

// reissueForm is the button on the request's page; nil where nobody awaits a link, or where it is not the visitor's to press. Support
// answers on its own pages: where nobody else can, no link would leave.
func reissueForm(v *web.Visit, d Dossier) *web.Form {
	if !slices.ContainsFunc(d.Waits, func(w act.Awaited) bool { return w.Who == act.AwaitedApprover || w.Who == act.AwaitedDelegate }) {
		return nil
	}
	if okey.CheckSignal(d.Stage, okey.PrincipalDecision) != nil || okey.May(okey.ActResendMail, v.Actor, d.Subject, d.Today) != nil {
		return nil
	}
	return web.NewForm(v, "lien", address.RequestURL(d.ID)+address.PathReissue, "Envoyer un nouveau lien", nil)
}

func (s *Pages) reissueLinks(v *web.Visit) error {
	id, err := respond.IDOf(v.Context)
	if err != nil {
		return err
	}
	d, err := s.Dossier(v, id)
	if err != nil {
		return err
	}
	f := web.NewForm(v, "lien", address.RequestURL(id)+address.PathReissue, "", nil)
	if err := s.Read(v, f); err != nil {
		return err
	}
	done, err := s.act.Do(v.Ctx(), v.Actor, act.Command{Action: f.Action, Name: okey.ActionLinkReissue, Request: id, Via: okey.ViaWeb})
	if err != nil {
		if err = f.Refuse(err); err != nil {
			return err
		}
		return s.showRequest(v, http.StatusConflict, d, f, f.Errors[0].Message)
	}
	return s.Answer(v, f, done, address.RequestURL(id), func(status int, warning string) error {
		if d, err = s.Dossier(v, id); err != nil { // as it is by now
			return err
		}
		return s.showRequest(v, status, d, f, warning)
	})
}
