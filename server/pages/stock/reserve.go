package stock

import (
	"fmt"
	"net/http"

	"okey/internal/address"
	"okey/okey"
	"okey/server/web"
)

// maySet tells who sets how many keys an establishment keeps in reserve.
func maySet(v *web.Visit) bool {
	return okey.May(okey.ActSettings, v.Actor, okey.Subject{}, v.Today()) == nil
}

func reserveForm(v *web.Visit) *web.Form {
	return web.NewForm(v, "reserve", address.PathOrders+"/minimum", "Régler la réserve", map[string]web.Field{
		"establishment": {},
		"minimum": {
			Label: "Clefs à garder en réserve", Hint: "En dessous, la direction est prévenue. 0 : pas de réserve.", Number: true,
		},
	})
}

// setMinimum takes the reserve of an establishment. Support only.
func (s *Pages) setMinimum(v *web.Visit) error {
	f := reserveForm(v)
	if err := s.Read(v, f); err != nil {
		return err
	}
	if err := okey.May(okey.ActSettings, v.Actor, okey.Subject{}, v.Today()); err != nil {
		return err
	}
	uai, err := okey.ParseUAI(f.Values["establishment"])
	if err != nil {
		return err
	}
	if err := s.act.NotReplaced(v.Ctx(), "minimum", uai); err != nil {
		if err = f.Refuse(err); err != nil {
			return err
		}
	}
	n, read := f.Number("minimum", 0, okey.MaxOrder)
	if read && n > okey.MaxOrder {
		f.Note("minimum", fmt.Sprintf("La réserve est de %d clefs au plus.", okey.MaxOrder))
	}
	if len(f.Errors) > 0 {
		return s.showOrders(v, http.StatusUnprocessableEntity, f, "", "")
	}
	if err := s.store.SetMinimum(v.Ctx(), uai, n, v.Actor.ID, v.Now.UTC()); err != nil {
		return err
	}
	v.Redirect(http.StatusSeeOther, address.PathOrders+"?etablissement="+string(uai)+"&reserve=reglee")
	return nil
}
