package requests

import (
	"net/http"
	"slices"
	"strconv"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/web"
)

// SignTitle names what the requester does there, on the page and on the buttons that lead to it.
const SignTitle = "Signer la charte et choisir mon code PIN"

// signAgain is for whoever comes back to the page after their session ended.
const signAgain = "Rien n'a été envoyé. Pour votre sécurité, cochez de nouveau la charte et retapez votre code PIN."

// signing is the form of that page.
var signing = signalForm{
	path: "charte", signal: okey.CharterAndPIN, fields: []string{"charter", "read", "pin", "pin2"},
	dress: dressCharter, content: charterContent, check: checkSigning,
}

// signScreen is the page on which the charter is signed and the PIN chosen.
type signScreen struct {
	Form    *web.Form
	Charter okey.Charter
	Print   string // the charter alone
	Kept    string // until when the key is kept
	Who     string // hands the key over; empty: nobody there can, today
	Where   string // "au collège des Tilleuls"
	Renews  bool   // the PIN of the key before may serve on
	Back    string
}

// signingPage is for the requester whose charter awaits; anybody else who may see the request is led to it.
func (s *Pages) signingPage(v *web.Visit, d Dossier) error {
	f := signing.usable(v, d)
	if f == nil {
		return backToRequest(v)
	}
	notice := ""
	if s.Restore(v, f) {
		notice = signAgain // nothing else is asked there, and neither of the two is kept
	}
	return s.showSigning(v, http.StatusOK, d, f, notice, "")
}

func (s *Pages) showSigning(v *web.Visit, status int, d Dossier, f *web.Form, notice, warning string) error {
	charter, err := s.store.Charter(v.Ctx())
	if err != nil {
		return err
	}
	if read := f.Values["charter"]; read != "" && read != strconv.Itoa(charter.Version) {
		f.Values["read"] = "" // another text than the one that was agreed to
	}
	if status >= http.StatusBadRequest {
		typePINAgain(f)
	}
	later := d.RequestRecord
	later.Stage = okey.AwaitingHandover
	waits, err := s.act.WaitingFor(v.Ctx(), later)
	if err != nil {
		return err
	}
	page := signScreen{
		Form: f, Charter: charter, Print: address.CharterURL(charter.Version), Kept: d.Clock.Day(d.KeptUntil),
		Where: okey.SayAtSchool(okey.SayEstablishment(d.Place.Name)), Renews: d.Reason == okey.Renewal, Back: address.RequestURL(d.ID),
	}
	if waits[0].Who != act.AwaitedSupport && waits[0].ID != v.Actor.ID {
		page.Who = okey.SayOf(web.WhoIsAwaited(waits))
	}
	return s.Show(v, status, "sign", web.Screen{Title: SignTitle, Notice: notice, Warning: warning, Body: page})
}

// typePINAgain tells whoever has only the rest to correct that the PIN, which no page gives back, is to be typed once more.
func typePINAgain(f *web.Form) {
	if !slices.ContainsFunc(f.Errors, func(e web.FormError) bool { return e.Field == "pin" || e.Field == "pin2" }) {
		f.Note("pin", "Pour votre sécurité, retapez aussi votre code PIN.")
	}
}

// showSent shows a form of a request that came in with something wrong on the page where it stands: the charter has one of its own, as long
// as it can be signed.
func (s *Pages) showSent(v *web.Visit, status int, d Dossier, f *web.Form, sf signalForm, warning string) error {
	if sf.signal != okey.CharterAndPIN || okey.CheckSignal(d.Stage, sf.signal) != nil {
		return s.showRequest(v, status, d, f, warning)
	}
	return s.showSigning(v, status, d, f, "", warning)
}
