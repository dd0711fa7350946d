package people

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"okey/internal/workbook"
	"okey/okey"
	"okey/server/respond"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

func hostForm(v *web.Visit) *web.Form {
	return web.NewForm(v, "hote", web.PathHosts, "Désigner", map[string]web.Field{
		"establishment": {Label: "*Code UAI de l'établissement sans direction", Hint: "Sept chiffres et une lettre.", Missing: "Écrivez le code UAI de l'établissement sans direction."},
		"host":          {Label: "*Code UAI de celui qui répond pour lui", Missing: "Écrivez le code UAI de celui qui répond pour lui."},
		"comment":       {Label: "*Raison", Hint: "La direction qui répond la lira.", Missing: "Écrivez pourquoi cet établissement répond pour l'autre."},
	})
}

func (s *Pages) hostsPage(v *web.Visit) error {
	notice := ""
	if id, _ := uuid.Parse(v.Query("fait")); id != uuid.Nil && web.MayArrange(v) == nil {
		h, err := s.store.Hosting(v.Ctx(), id)
		switch {
		case okey.ErrorCode(err) == okey.CodeNotFound:
		case err != nil:
			return err
		case h.EndedAt.IsZero():
			notice = fmt.Sprintf("C'est fait : la direction %s répond désormais pour %s ; elle est prévenue de ce qui l'attend.",
				okey.SayOfSchool(okey.SayEstablishment(h.HostName)), okey.SayEstablishment(h.Name))
		default:
			notice = fmt.Sprintf("C'est fait : %s ne répond plus pour %s.", okey.SayEstablishment(h.HostName), okey.SayEstablishment(h.Name))
		}
	}
	return s.showHosts(v, http.StatusOK, nil, notice)
}

func (s *Pages) showHosts(v *web.Visit, status int, f *web.Form, notice string) error {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.Today()); err != nil {
		return err
	}
	page := arrangementScreen{Sheet: web.PathHosts + ".xlsx", Form: f}
	may := web.MayArrange(v) == nil
	if may && f == nil {
		page.Form = hostForm(v)
		page.Form.Values["establishment"] = string(web.ChosenSchool(v))
		if s.Restore(v, page.Form) {
			notice = web.RestoredNotice
		}
	}
	found, err := s.store.Hostings(v.Ctx(), v.Now.AddDate(-1, 0, 0), arrangementRows)
	if err != nil {
		return err
	}
	for _, h := range found {
		line := hostLine(v, h)
		if !h.EndedAt.IsZero() {
			page.Past = append(page.Past, line)
			continue
		}
		if may {
			line.End = web.NewForm(v, "fin", web.PathHosts+"/"+h.ID.String()+"/fin", "Mettre fin", nil)
		}
		page.Live = append(page.Live, line)
	}
	return s.Show(v, status, "hosts", web.Screen{Title: "Établissements sans direction", Notice: notice, Body: page})
}

func hostLine(v *web.Visit, h sql.ListedHosting) arrangementLine {
	line := arrangementLine{
		Who: fmt.Sprintf("%s (%s)", h.Name, h.UAI), Where: fmt.Sprintf("%s (%s)", h.HostName, h.Host), Reason: h.Reason, By: h.ByName,
		State: "depuis " + web.Paris(v).Day(h.At),
	}
	switch {
	case !h.EndedAt.IsZero():
		line.State = fmt.Sprintf("terminé %s par %s", web.Paris(v).Day(h.EndedAt), h.EndedByName)
	case h.Headed:
		line.State += " ; cet établissement a maintenant sa propre direction : mettez fin à ceci pour qu'elle réponde"
	}
	return line
}

// host lets one establishment's approvers answer for another one.
func (s *Pages) host(v *web.Visit) error {
	if err := web.MayArrange(v); err != nil {
		return err
	}
	f := hostForm(v)
	if err := s.Read(v, f); err != nil {
		return err
	}
	place, err := s.servedPlace(v, f, "establishment")
	if err != nil {
		return err
	}
	host, err := s.servedPlace(v, f, "host")
	if err != nil {
		return err
	}
	h := okey.Hosting{
		ID: okey.DerivedID(v.Actor.ID, "hosting/"+f.Action.String()), UAI: place.UAI, Host: host.UAI, By: v.Actor.ID, At: v.Now.UTC(),
		Reason: f.Text("comment"),
	}
	if h.UAI != "" && h.UAI == h.Host {
		f.Note("host", "Un établissement ne répond pas pour lui-même de cette façon : indiquez-en un autre.")
	}
	if len(f.Errors) > 0 {
		return s.showHosts(v, http.StatusUnprocessableEntity, f, "")
	}
	told, err := s.store.Host(v.Ctx(), h, web.TodayAt(v, place))
	if err != nil {
		if err = f.Refuse(err); err != nil {
			return err
		}
		return s.showHosts(v, http.StatusUnprocessableEntity, f, "")
	}
	s.act.Tell(v.Ctx(), told)
	v.Redirect(http.StatusSeeOther, web.DoneURL(web.PathHosts, h.ID))
	return nil
}

func (s *Pages) endHosting(v *web.Visit) error {
	return s.endArrangement(v, web.PathHosts, s.store.EndHosting)
}

// endArrangement takes the button that ends an attachment or a hosting.
func (s *Pages) endArrangement(v *web.Visit, page string, end func(context.Context, uuid.UUID, okey.PersonID, time.Time) (okey.Action, error)) error {
	if err := web.MayArrange(v); err != nil {
		return err
	}
	id, err := respond.IDOf(v.Context)
	if err != nil {
		return err
	}
	if err := s.Read(v, web.NewForm(v, "fin", "", "", nil)); err != nil {
		return err
	}
	told, err := end(v.Ctx(), id, v.Actor.ID, v.Now.UTC())
	if err != nil {
		return err
	}
	s.act.Tell(v.Ctx(), told)
	v.Redirect(http.StatusSeeOther, web.DoneURL(page, id))
	return nil
}

func (s *Pages) hostsTable(v *web.Visit) (web.Spreadsheet, error) {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.Today()); err != nil {
		return web.Spreadsheet{}, err
	}
	found, err := s.store.Hostings(v.Ctx(), v.Now.AddDate(-1, 0, 0), arrangementRows)
	return web.Spreadsheet{Name: "hotes", Title: "Établissements sans direction", Sheets: []workbook.Sheet{{Name: "Sans direction", Columns: []workbook.Column{
		{Title: "UAI", Width: 12},
		{Title: "Établissement", Width: 36},
		{Title: "UAI de l'hôte", Width: 14},
		{Title: "Qui répond", Width: 36},
		{Title: "Raison", Width: 48},
		{Title: "Par"},
		{Title: "Depuis", Kind: workbook.Instant},
		{Title: "Terminé", Kind: workbook.Instant},
		{Title: "Terminé par"},
		{Title: "A sa propre direction", Width: 14},
	}, Rows: web.RowsOf(found, func(h sql.ListedHosting) []any {
		zone, headed := web.Paris(v).Zone, "non"
		if h.Headed {
			headed = "oui"
		}
		return []any{h.UAI, h.Name, h.Host, h.HostName, h.Reason, h.ByName, web.InZone(h.At, zone), web.InZone(h.EndedAt, zone), h.EndedByName, headed}
	})}}}, err
}
