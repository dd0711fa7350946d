package requests

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"okey/internal/address"
	"okey/okey"
	"okey/server/respond"
	"okey/server/web"

	"github.com/google/uuid"
)

// charterScreen is one version, and the way to the others.
type charterScreen struct {
	okey.Charter
	Since  string
	Until  string // empty: in force
	Others []web.NavLink
}

// charterPage shows the text in force.
func (s *Pages) charterPage(v *web.Visit) error {
	return s.showCharter(v, func(c okey.Charter) bool { return c.ReplacedAt.IsZero() })
}

// charterVersionPage shows a version, whether in force or not: who has signed it must be able to read it.
func (s *Pages) charterVersionPage(v *web.Visit) error {
	return s.showCharter(v, func(c okey.Charter) bool { return strconv.Itoa(c.Version) == v.Param("version") })
}

func (s *Pages) showCharter(v *web.Visit, wanted func(okey.Charter) bool) error {
	charters, err := s.store.Charters(v.Ctx())
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
		page.Others = append(
			page.Others,
			web.NavLink{
				Name: fmt.Sprintf("Version %d, publiée le %s", c.Version, dated(c.PublishedAt, v)),
				Path: address.CharterURL(c.Version),
			},
		)
	}
	if page.Version == 0 {
		return okey.Errorf(okey.CodeNotFound, "Cette version de la charte n'existe pas.")
	}
	return s.Show(v, http.StatusOK, "charter", web.Screen{Title: "Charte d'usage de la clef", Body: page})
}

// dated names a day for good: a charter may be years old.
func dated(t time.Time, v *web.Visit) string { return okey.DayOf(t, web.Paris(v).Zone).SayWithYear() }

// signedScreen is the copy of what somebody has signed: everything that is kept of it.
type signedScreen struct {
	okey.Signature
	Facts  []web.Fact
	Proof  []web.Fact // for whoever checks
	Intact bool
	Text   string // where it is downloaded
	Back   string
}

const tamperedCharter = "Attention : ce texte n'est plus celui qui a été signé, son empreinte ne correspond pas. Ne vous y fiez pas " +
	"et prévenez l'assistance."

// signedPage is the printable copy, for whoever may see the request; until then the requester signs at the same address.
func (s *Pages) signedPage(v *web.Visit) error {
	d, signed, err := s.signed(v)
	if okey.ErrorCode(err) == okey.CodeNotFound && d.ID != uuid.Nil {
		return s.signingPage(v, d)
	}
	if err != nil {
		return err
	}
	page := signedScreen{
		Signature: signed,
		Facts:     d.signedFacts(signed),
		Proof:     d.signedProof(signed),
		Intact:    signed.Intact(),
		Text:      address.SignedURL(d.ID) + ".txt",
		Back:      address.RequestURL(d.ID),
	}
	sc := web.Screen{Title: "Charte signée par " + signerOf(signed), Body: page}
	if !page.Intact {
		sc.Warning = tamperedCharter
	}
	return s.Show(v, http.StatusOK, "signed", sc)
}

// signed loads a request that the visitor may see and what was signed for it; not_found, with the request, where nothing was.
func (s *Pages) signed(v *web.Visit) (Dossier, okey.Signature, error) {
	id, err := respond.IDOf(v.Context)
	if err != nil {
		return Dossier{}, okey.Signature{}, err
	}
	d, err := s.Dossier(v, id)
	if err != nil {
		return Dossier{}, okey.Signature{}, err
	}
	signed, err := s.store.Signature(v.Ctx(), id)
	return d, signed, err
}

// signerOf is who signed, as the signing knew them.
func signerOf(signed okey.Signature) string {
	if signed.Name == "" {
		return "une personne dont le nom est effacé"
	}
	return signed.Name
}

func (d Dossier) signedFacts(signed okey.Signature) []web.Fact {
	at := signed.At.In(d.Clock.Zone)
	facts := []web.Fact{{Name: "Signée par", Value: signerOf(signed)}}
	if signed.UID != "" {
		facts = append(facts, web.Fact{Name: "Identifiant", Value: signed.UID})
	}
	facts = append(facts, web.Fact{Name: "Établissement", Value: okey.SayPlace(signed.School, signed.UAI)})
	if signed.NamedLater() {
		facts = append(
			facts,
			web.Fact{
				Name: "Nom et établissement",
				Value: fmt.Sprintf("notés %s, après la signature : OKEY ne les gardait pas encore avec elle",
					okey.DayOf(signed.NotedAt, d.Clock.Zone).SayWithYear()),
			},
		)
	} else if now := d.Requester.Name(); now != signed.Name && now != "" {
		facts = append(facts, web.Fact{Name: "Aujourd'hui", Value: now})
	}
	facts = append(facts, []web.Fact{
		{
			Name:  "Signée le",
			Value: fmt.Sprintf("%s à %d h %02d", okey.DayOf(signed.At, d.Clock.Zone).SayWithYear(), at.Hour(), at.Minute()),
		},
		{
			Name: "Charte",
			Value: fmt.Sprintf(
				"version %d, publiée le %s",
				signed.Charter.Version,
				okey.DayOf(signed.Charter.PublishedAt, okey.ZoneOf("")).SayWithYear(),
			),
			Path: address.CharterURL(signed.Charter.Version),
		},
	}...)
	if d.Key != "" {
		facts = append(facts, web.Fact{Name: "Clef", Value: string(d.Key)})
	}
	return facts
}

// signedProof is what a copy is checked by: the very moment, the text's fingerprint, the request.
func (d Dossier) signedProof(signed okey.Signature) []web.Fact {
	at := signed.At.In(d.Clock.Zone)
	return []web.Fact{
		{Name: "Moment exact", Value: fmt.Sprintf("%s à %s, heure de l'établissement (UTC%s)",
			okey.DayOf(signed.At, d.Clock.Zone).SayWithYear(), at.Format("15:04:05"), at.Format("-07:00"))},
		{Name: "Empreinte du texte signé (SHA-256)", Value: signed.SHA256},
		{Name: "Demande", Value: d.ID.String()},
	}
}

// signedText is the same as a file: the facts, then the text, byte for byte, after the line that announces it.
func (s *Pages) signedText(v *web.Visit) error {
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
	v.Header(
		"Content-Disposition",
		fmt.Sprintf(`attachment; filename="okey-charte-signee-%s.txt"`, signed.At.In(d.Clock.Zone).Format(time.DateOnly)),
	)
	v.Data(http.StatusOK, "text/plain; charset=utf-8", []byte(text.String()))
	return nil
}
