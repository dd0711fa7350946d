package stock

import (
	"cmp"
	"fmt"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/respond"
	"okey/server/web"
)

// exporting is, for support and auditors, what was sent to the supplier; the form is for those who may send now.
type exporting struct {
	Export  *web.Form
	Exports []web.Row
}

func exportForm(v *web.Visit) *web.Form {
	return web.NewForm(v, "export", address.PathOrders+"/exports", "Transmettre maintenant", map[string]web.Field{})
}

func (s *Pages) exporting(v *web.Visit) (e exporting, err error) {
	found, err := s.store.Exports(v.Ctx(), web.PageLines)
	if err != nil {
		return e, err
	}
	for _, x := range found {
		e.Exports = append(e.Exports, web.Row{
			web.Paris(v).Stamp(x.At).To(address.PathOrders + "/exports/" + x.ID.String()),
			{Text: fmt.Sprint(x.Orders), Number: true},
			{Text: fmt.Sprint(x.Keys), Number: true},
			{Text: cmp.Or(x.ByName, "chaque lundi"), Whole: true},
		})
	}
	some, err := s.store.OrdersPlaced(v.Ctx())
	if some && okey.May(okey.ActExportOrders, v.Actor, okey.Subject{}, v.Today()) == nil {
		e.Export = exportForm(v)
	}
	return e, err
}

func (s *Pages) exportNow(v *web.Visit) error {
	f := exportForm(v)
	if err := s.Read(v, f); err != nil {
		return err
	}
	done, err := s.act.Do(v.Ctx(), v.Actor, act.Command{Action: f.Action, Name: okey.ActionExport, Via: okey.ViaWeb})
	if err != nil {
		return err
	}
	return s.Answer(v, f, done, address.PathOrders, func(status int, warning string) error {
		return s.showOrders(v, status, nil, "", warning)
	})
}

// downloadExport answers the workbook that was sent, byte for byte.
func (s *Pages) downloadExport(v *web.Visit) error {
	x, err := s.act.VisibleExport(v.Ctx(), v.Actor, v.Param("id"))
	if err != nil {
		return err
	}
	content, err := s.store.Workbook(v.Ctx(), x.ID)
	if err != nil {
		return err
	}
	respond.SendWorkbook(v.Context, x.FileName, x.SHA256, content)
	return nil
}
