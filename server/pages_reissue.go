package server

import (
	"context"
	"net/http"
	"slices"

	"okey/okey"
)

// pathReissue is where support has new links mailed for a request.
const pathReissue = "/lien"

// permitReissue is support's alone, for a request that it sees.
func permitReissue(ctx context.Context, s *Server, actor okey.Actor, w *wish) error {
	request, err := s.store.Request(ctx, w.Request)
	if err != nil {
		return err
	}
	subject, today, err := s.subjectOf(ctx, request, actor.ID, false)
	if err != nil {
		return err
	}
	w.Via = okey.ViaSupport // nobody else may
	return okey.May(okey.ActResendMail, actor, subject, today)
}

// reissueForm is the button on the request's page; nil where nobody awaits a link, or where it is not the visitor's to press. Support answers on
// its own pages: where nobody else can, no link would leave.
func reissueForm(v *visit, d dossier) *form {
	if !slices.ContainsFunc(d.waits, func(w awaited) bool { return w.Who == awaitedApprover || w.Who == awaitedDelegate }) {
		return nil
	}
	if okey.CheckSignal(d.Stage, okey.PrincipalDecision) != nil || okey.May(okey.ActResendMail, v.Actor, d.subject, d.today) != nil {
		return nil
	}
	return newForm(v, "lien", requestURL(d.ID)+pathReissue, "Envoyer un nouveau lien", nil)
}

func (s *Server) reissueLinks(v *visit) error {
	id, err := idOf(v.Context)
	if err != nil {
		return err
	}
	d, err := s.dossier(v, id)
	if err != nil {
		return err
	}
	f := newForm(v, "lien", requestURL(id)+pathReissue, "", nil)
	if err := s.read(v, f); err != nil {
		return err
	}
	done, err := s.act(v.ctx(), v.Actor, wish{Action: f.Action, Name: okey.ActionLinkReissue, Request: id, Via: okey.ViaWeb})
	if err != nil {
		if err = f.refuse(err); err != nil {
			return err
		}
		return s.showRequest(v, http.StatusConflict, d, f, f.Errors[0].Message)
	}
	return s.answerForm(v, f, done, requestURL(id), func(status int, warning string) error {
		if d, err = s.dossier(v, id); err != nil { // as it is by now
			return err
		}
		return s.showRequest(v, status, d, f, warning)
	})
}
