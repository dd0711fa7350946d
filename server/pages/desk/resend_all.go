package desk

import (
	"fmt"
	"net/http"
	"time"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/web"
)

func resendAllForm(v *web.Visit) *web.Form {
	return web.NewForm(v, "renvoi", address.PathMails, "Renvoyer", map[string]web.Field{
		"from":  {Label: "Écrits depuis"},
		"until": {Label: "Et avant"},
	})
}

// resendAll has all mails sent again that were refused in a time that support names.
func (s *Pages) resendAll(v *web.Visit) error {
	if err := seesDesk(v); err != nil {
		return err
	}
	f := resendAllForm(v)
	if err := s.Read(v, f); err != nil {
		return err
	}
	again := func(status int, warning string) error { return s.showDesk(v, status, f, warning) }
	cmd := act.Command{
		Action: f.Action, Name: okey.ActionMailsResend, Subject: okey.DerivedID(f.Action, "mails"), Via: okey.ViaWeb,
		Content: okey.Content{From: momentOf(v, f, "from"), Until: momentOf(v, f, "until")},
	}
	if len(f.Errors) > 0 {
		if err := s.act.Permit(v.Ctx(), v.Actor, cmd); err != nil {
			return err
		}
		return again(http.StatusUnprocessableEntity, "")
	}
	return s.Send(v, f, cmd, address.PathDesk, again)
}

// momentOf reads a local date and time, as browsers write it or as people type it.
func momentOf(v *web.Visit, f *web.Form, name string) time.Time {
	zone := web.Paris(v).Zone
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "02/01/2006 15:04"} {
		if at, err := time.ParseInLocation(layout, f.Values[name], zone); err == nil {
			f.Values[name] = at.Format("2006-01-02T15:04")
			return at
		}
	}
	example := v.Now.In(zone).Format("02/01/2006 15:04")
	f.Note(name, fmt.Sprintf("%s : écrivez une date et une heure comme %s.", f.Fields[name].Label, example))
	return time.Time{}
}
