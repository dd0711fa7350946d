package server

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"okey/internal/workbook"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

func hostForm(v *visit) *form {
	return newForm(v, "hote", pathHosts, "Désigner", map[string]field{
		"establishment": {Label: "*Code UAI de l'établissement sans direction", Hint: "Sept chiffres et une lettre.", Missing: "Écrivez le code UAI de l'établissement sans direction."},
		"host":          {Label: "*Code UAI de celui qui répond pour lui", Missing: "Écrivez le code UAI de celui qui répond pour lui."},
		"comment":       {Label: "*Raison", Hint: "La direction qui répond la lira.", Missing: "Écrivez pourquoi cet établissement répond pour l'autre."},
	})
}

func (s *Server) hostsPage(v *visit) error {
	notice := ""
	if id, _ := uuid.Parse(v.Query("fait")); id != uuid.Nil && mayArrange(v) == nil {
		h, err := s.store.Hosting(v.ctx(), id)
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

func (s *Server) showHosts(v *visit, status int, f *form, notice string) error {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.today()); err != nil {
		return err
	}
	page := arrangementScreen{Sheet: pathHosts + ".xlsx", Form: f}
	may := mayArrange(v) == nil
	if may && f == nil {
		page.Form = hostForm(v)
		page.Form.Values["establishment"] = string(chosenSchool(v))
		if s.restore(v, page.Form) {
			notice = restoredNotice
		}
	}
	found, err := s.store.Hostings(v.ctx(), v.Now.AddDate(-1, 0, 0), arrangementRows)
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
			line.End = newForm(v, "fin", pathHosts+"/"+h.ID.String()+"/fin", "Mettre fin", nil)
		}
		page.Live = append(page.Live, line)
	}
	return s.show(v, status, "hosts", screen{Title: "Établissements sans direction", Notice: notice, Body: page})
}

func hostLine(v *visit, h sql.ListedHosting) arrangementLine {
	line := arrangementLine{
		Who: fmt.Sprintf("%s (%s)", h.Name, h.UAI), Where: fmt.Sprintf("%s (%s)", h.HostName, h.Host), Reason: h.Reason, By: h.ByName,
		State: "depuis " + paris(v).day(h.At),
	}
	switch {
	case !h.EndedAt.IsZero():
		line.State = fmt.Sprintf("terminé %s par %s", paris(v).day(h.EndedAt), h.EndedByName)
	case h.Headed:
		line.State += " ; cet établissement a maintenant sa propre direction : mettez fin à ceci pour qu'elle réponde"
	}
	return line
}

// host lets one establishment's approvers answer for another one.
func (s *Server) host(v *visit) error {
	if err := mayArrange(v); err != nil {
		return err
	}
	f := hostForm(v)
	if err := s.read(v, f); err != nil {
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
		Reason: f.text("comment"),
	}
	if h.UAI != "" && h.UAI == h.Host {
		f.note("host", "Un établissement ne répond pas pour lui-même de cette façon : indiquez-en un autre.")
	}
	if len(f.Errors) > 0 {
		return s.showHosts(v, http.StatusUnprocessableEntity, f, "")
	}
	told, err := s.store.Host(v.ctx(), h, todayAt(v, place))
	if err != nil {
		if err = f.refuse(err); err != nil {
			return err
		}
		return s.showHosts(v, http.StatusUnprocessableEntity, f, "")
	}
	s.tell(v.ctx(), told)
	v.Redirect(http.StatusSeeOther, doneURL(pathHosts, h.ID))
	return nil
}

func (s *Server) endHosting(v *visit) error {
	return s.endArrangement(v, pathHosts, s.store.EndHosting)
}

// endArrangement takes the button that ends an attachment or a hosting.
func (s *Server) endArrangement(v *visit, page string, end func(context.Context, uuid.UUID, okey.PersonID, time.Time) (okey.Action, error)) error {
	if err := mayArrange(v); err != nil {
		return err
	}
	id, err := idOf(v.Context)
	if err != nil {
		return err
	}
	if err := s.read(v, newForm(v, "fin", "", "", nil)); err != nil {
		return err
	}
	told, err := end(v.ctx(), id, v.Actor.ID, v.Now.UTC())
	if err != nil {
		return err
	}
	s.tell(v.ctx(), told)
	v.Redirect(http.StatusSeeOther, doneURL(page, id))
	return nil
}

func (s *Server) hostsTable(v *visit) (spreadsheet, error) {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.today()); err != nil {
		return spreadsheet{}, err
	}
	found, err := s.store.Hostings(v.ctx(), v.Now.AddDate(-1, 0, 0), arrangementRows)
	return spreadsheet{Name: "hotes", Title: "Établissements sans direction", Sheets: []workbook.Sheet{{Name: "Sans direction", Columns: []workbook.Column{
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
	}, Rows: rowsOf(found, func(h sql.ListedHosting) []any {
		zone, headed := paris(v).zone, "non"
		if h.Headed {
			headed = "oui"
		}
		return []any{h.UAI, h.Name, h.Host, h.HostName, h.Reason, h.ByName, inZone(h.At, zone), inZone(h.EndedAt, zone), h.EndedByName, headed}
	})}}}, err
}
