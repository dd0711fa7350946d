package server

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"okey/okey"

	"github.com/google/uuid"
)

// pathSigned is the end of the address at which the charter of a request is signed, and from then on read.
const pathSigned = "/charte"

func signedURL(request uuid.UUID) string { return requestURL(request) + pathSigned }

func charterURL(version int) string { return "/charte/" + strconv.Itoa(version) }

// charterScreen is one version, and the way to the others.
type charterScreen struct {
	okey.Charter
	Since  string
	Until  string // empty: in force
	Others []navLink
}

// charterPage shows the text in force.
func (s *Server) charterPage(v *visit) error {
	return s.showCharter(v, func(c okey.Charter) bool { return c.ReplacedAt.IsZero() })
}

// charterVersionPage shows a version, whether in force or not: who has signed it must be able to read it.
func (s *Server) charterVersionPage(v *visit) error {
	return s.showCharter(v, func(c okey.Charter) bool { return strconv.Itoa(c.Version) == v.Param("version") })
}

func (s *Server) showCharter(v *visit, wanted func(okey.Charter) bool) error {
	charters, err := s.store.Charters(v.ctx())
	if err != nil {
		return err
	}
	var page charterScreen
	for _, c := range charters {
		if wanted(c) && page.Version == 0 {
			page.Charter, page.Since = c, dated(c.PublishedAt, v)
			if !c.ReplacedAt.IsZero() {
				page.Until = dated(c.ReplacedAt, v)
			}
			continue
		}
		page.Others = append(page.Others, navLink{Name: fmt.Sprintf("Version %d, publiée le %s", c.Version, dated(c.PublishedAt, v)), Path: charterURL(c.Version)})
	}
	if page.Version == 0 {
		return okey.Errorf(okey.CodeNotFound, "Cette version de la charte n'existe pas.")
	}
	return s.show(v, http.StatusOK, "charter", screen{Title: "Charte d'usage de la clef", Body: page})
}

// dated names a day for good: a charter may be years old.
func dated(t time.Time, v *visit) string { return okey.DayOf(t, paris(v).zone).SayWithYear() }

// signedScreen is the copy of what somebody has signed: everything that is kept of it.
type signedScreen struct {
	okey.Signature
	Facts  []fact
	Proof  []fact // for whoever checks
	Intact bool
	Text   string // where it is downloaded
	Back   string
}

const tamperedCharter = "Attention : ce texte n'est plus celui qui a été signé, son empreinte ne correspond pas. Ne vous y fiez pas et prévenez l'assistance."

// signedPage is the printable copy, for whoever may see the request; until then the requester signs at the same address.
func (s *Server) signedPage(v *visit) error {
	d, signed, err := s.signed(v)
	if okey.ErrorCode(err) == okey.CodeNotFound && d.ID != uuid.Nil {
		return s.signingPage(v, d)
	}
	if err != nil {
		return err
	}
	page := signedScreen{Signature: signed, Facts: d.signedFacts(signed), Proof: d.signedProof(signed), Intact: signed.Intact(), Text: signedURL(d.ID) + ".txt", Back: requestURL(d.ID)}
	sc := screen{Title: "Charte signée par " + signerOf(signed), Body: page}
	if !page.Intact {
		sc.Warning = tamperedCharter
	}
	return s.show(v, http.StatusOK, "signed", sc)
}

// signed loads a request that the visitor may see and what was signed for it; not_found, with the request, where nothing was.
func (s *Server) signed(v *visit) (dossier, okey.Signature, error) {
	id, err := idOf(v.Context)
	if err != nil {
		return dossier{}, okey.Signature{}, err
	}
	d, err := s.dossier(v, id)
	if err != nil {
		return dossier{}, okey.Signature{}, err
	}
	signed, err := s.store.Signature(v.ctx(), id)
	return d, signed, err
}

// signerOf is who signed, as the signing knew them.
func signerOf(signed okey.Signature) string {
	if signed.Name == "" {
		return "une personne dont le nom est effacé"
	}
	return signed.Name
}

func (d dossier) signedFacts(signed okey.Signature) []fact {
	at := signed.At.In(d.clock.zone)
	facts := []fact{{Name: "Signée par", Value: signerOf(signed)}}
	if signed.UID != "" {
		facts = append(facts, fact{Name: "Identifiant", Value: signed.UID})
	}
	facts = append(facts, fact{Name: "Établissement", Value: fmt.Sprintf("%s (%s)", signed.School, signed.UAI)})
	if signed.NamedLater() {
		facts = append(facts, fact{Name: "Nom et établissement", Value: fmt.Sprintf("notés %s, après la signature : OKEY ne les gardait pas encore avec elle",
			okey.DayOf(signed.NotedAt, d.clock.zone).SayWithYear())})
	} else if now := d.requester.Name(); now != signed.Name && now != "" {
		facts = append(facts, fact{Name: "Aujourd'hui", Value: now})
	}
	facts = append(facts, []fact{
		{Name: "Signée le", Value: fmt.Sprintf("%s à %d h %02d", okey.DayOf(signed.At, d.clock.zone).SayWithYear(), at.Hour(), at.Minute())},
		{Name: "Charte", Value: fmt.Sprintf("version %d, publiée le %s", signed.Charter.Version, okey.DayOf(signed.Charter.PublishedAt, okey.ZoneOf("")).SayWithYear()), Path: charterURL(signed.Charter.Version)},
	}...)
	if d.Key != "" {
		facts = append(facts, fact{Name: "Clef", Value: string(d.Key)})
	}
	return facts
}

// signedProof is what a copy is checked by: the very moment, the text's fingerprint, the request.
func (d dossier) signedProof(signed okey.Signature) []fact {
	at := signed.At.In(d.clock.zone)
	return []fact{
		{Name: "Moment exact", Value: fmt.Sprintf("%s à %s, heure de l'établissement (UTC%s)",
			okey.DayOf(signed.At, d.clock.zone).SayWithYear(), at.Format("15:04:05"), at.Format("-07:00"))},
		{Name: "Empreinte du texte signé (SHA-256)", Value: signed.SHA256},
		{Name: "Demande", Value: d.ID.String()},
	}
}

// signedText is the same as a file: the facts, then the text, byte for byte, after the line that announces it.
func (s *Server) signedText(v *visit) error {
	d, signed, err := s.signed(v)
	if err != nil {
		return err
	}
	var text strings.Builder
	text.WriteString("Charte signée\n\n")
	for _, f := range append(d.signedFacts(signed), d.signedProof(signed)...) {
		fmt.Fprintf(&text, "%s : %s\n", f.Name, f.Value)
	}
	if !signed.Intact() {
		text.WriteString("\n" + tamperedCharter + "\n")
	}
	text.WriteString("\nTexte :\n" + signed.Charter.Text)
	v.Header("Content-Disposition", fmt.Sprintf(`attachment; filename="okey-charte-signee-%s.txt"`, signed.At.In(d.clock.zone).Format(time.DateOnly)))
	v.Data(http.StatusOK, "text/plain; charset=utf-8", []byte(text.String()))
	return nil
}
