package server

import (
	"net/http"
	"slices"
	"strconv"

	"okey/okey"
)

// signTitle names what the requester does there, on the page and on the buttons that lead to it.
const signTitle = "Signer la charte et choisir mon code PIN"

// signAgain is for whoever comes back to the page after their session ended.
const signAgain = "Rien n'a été envoyé. Pour votre sécurité, cochez de nouveau la charte et retapez votre code PIN."

// signing is the form of that page.
var signing = signalForm{"charte", okey.CharterAndPIN}

// signScreen is the page on which the charter is signed and the PIN chosen.
type signScreen struct {
	Form    *form
	Charter okey.Charter
	Print   string // the charter alone
	Kept    string // until when the key is kept
	Who     string // hands the key over; empty: nobody there can, today
	Where   string // "au collège des Tilleuls"
	Renews  bool   // the PIN of the key before may serve on
	Back    string
}

// signingPage is for the requester whose charter awaits; anybody else who may see the request is led to it.
func (s *Server) signingPage(v *visit, d dossier) error {
	f, err := s.usableForm(v, d, signing)
	if err != nil {
		return err
	}
	if f == nil {
		return backToRequest(v)
	}
	notice := ""
	if s.restore(v, f) {
		notice = signAgain // nothing else is asked there, and neither of the two is kept
	}
	return s.showSigning(v, http.StatusOK, d, f, notice, "")
}

func (s *Server) showSigning(v *visit, status int, d dossier, f *form, notice, warning string) error {
	charter, err := s.store.Charter(v.ctx())
	if err != nil {
		return err
	}
	if read := f.Values["charter"]; read != "" && read != strconv.Itoa(charter.Version) {
		f.Values["read"] = "" // another text than the one that was agreed to
	}
	if status >= http.StatusBadRequest {
		f.typePINAgain()
	}
	later := d.Request
	later.Stage = okey.AwaitingHandover
	waits, err := s.waitingFor(v.ctx(), later, d.requester)
	if err != nil {
		return err
	}
	page := signScreen{
		Form: f, Charter: charter, Print: charterURL(charter.Version), Kept: d.clock.day(d.KeptUntil),
		Where: okey.SayAtSchool(okey.SayEstablishment(d.place.Name)), Renews: d.Reason == okey.Renewal, Back: requestURL(d.ID),
	}
	if waits[0].Who != awaitedSupport {
		page.Who = okey.SayOf(whoIsAwaited(waits))
	}
	return s.show(v, status, "sign", screen{Title: signTitle, Notice: notice, Warning: warning, Body: page})
}

// typePINAgain tells whoever has only the rest to correct that the PIN, which no page gives back, is to be typed once more.
func (f *form) typePINAgain() {
	if !slices.ContainsFunc(f.Errors, func(e formError) bool { return e.Field == "pin" || e.Field == "pin2" }) {
		f.note("pin", "Pour votre sécurité, retapez aussi votre code PIN.")
	}
}

// showSent shows a form of a request that came in with something wrong on the page where it stands: the charter has one of its own, as long
// as it can be signed.
func (s *Server) showSent(v *visit, status int, d dossier, f *form, sf signalForm, warning string) error {
	if sf.signal != okey.CharterAndPIN || okey.CheckSignal(d.Stage, sf.signal) != nil {
		return s.showRequest(v, status, d, f, warning)
	}
	return s.showSigning(v, status, d, f, "", warning)
}
