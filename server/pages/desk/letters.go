package desk

import (
	"cmp"
	"net/http"
	"slices"

	"okey/internal/address"
	"okey/mail"
	"okey/okey"
	"okey/server/web"
)

// lettersOf is what one kind of reader gets.
type lettersOf struct {
	Reader  string
	Letters []letterLine
}

type letterLine struct{ Subject, When, Path string }

// Cells are its entries in a table.
func (l letterLine) Cells() []web.Cell {
	return []web.Cell{{Text: l.Subject, Path: l.Path}, {Text: l.When}}
}

func letterURL(letter mail.Letter) string { return address.PathLetters + "/" + string(letter) }

// lettersPage lists every mail that OKEY can send, by whom it is for. It is for support and auditors.
func (s *Pages) lettersPage(v *web.Visit) error {
	if err := seesDesk(v); err != nil {
		return err
	}
	var readers []lettersOf
	for _, entry := range mail.Register {
		sample, _ := sampleOf(entry.Letter, "")
		message, err := mail.Write(entry.Letter, sample.Facts)
		if err != nil {
			return err
		}
		if len(readers) == 0 || readers[len(readers)-1].Reader != entry.Reader {
			readers = append(readers, lettersOf{Reader: entry.Reader})
		}
		last := &readers[len(readers)-1]
		last.Letters = append(last.Letters, letterLine{Subject: message.Subject, When: entry.When, Path: letterURL(entry.Letter)})
	}
	return s.Show(v, http.StatusOK, "letters", web.Screen{Title: "Les courriels d'OKEY", Body: readers})
}

// letterScreen is one mail as its reader would see it, in one of the cases in which it says something else.
type letterScreen struct {
	Facts []web.Fact
	Cases []web.NavLink
	Frame string // address of the HTML part
	Text  string
}

// sampleOf finds a letter's sample: the one named, or the usual one.
func sampleOf(letter mail.Letter, name string) (mail.Sample, bool) {
	name = cmp.Or(name, string(letter))
	all := mail.Samples()
	at := slices.IndexFunc(all, func(sample mail.Sample) bool { return sample.Letter == letter && sample.Name == name })
	if at < 0 {
		return mail.Sample{}, false
	}
	return all[at], true
}

// letterAsked is the sample that an address names. No mail of anybody is looked at here: all facts are made up.
func (s *Pages) letterAsked(v *web.Visit) (mail.Sample, error) {
	if err := seesDesk(v); err != nil {
		return mail.Sample{}, err
	}
	sample, known := sampleOf(mail.Letter(v.Param("lettre")), v.Query("cas"))
	if !known {
		return mail.Sample{}, okey.Errorf(okey.CodeNotFound, "OKEY n'envoie pas ce courriel.")
	}
	sample.Facts.Academy = s.academyName
	return sample, nil
}

func (s *Pages) letterPage(v *web.Visit) error {
	sample, err := s.letterAsked(v)
	if err != nil {
		return err
	}
	message, err := mail.Write(sample.Letter, sample.Facts)
	if err != nil {
		return err
	}
	entry := mail.Register[slices.IndexFunc(mail.Register, func(e mail.Entry) bool { return e.Letter == sample.Letter })]
	page := letterScreen{
		Facts: []web.Fact{{Name: "Objet", Value: message.Subject}, {Name: "Pour", Value: entry.Reader}, {Name: "Envoi", Value: entry.When}},
		Cases: casesOf(sample),
		Frame: letterURL(sample.Letter) + "/apercu?cas=" + sample.Name,
		Text:  message.Text,
	}
	v.Header("Content-Security-Policy", s.ContentSecurity()+"; frame-src 'self'")
	return s.Show(v, http.StatusOK, "letter", web.Screen{Title: "Aperçu : " + message.Subject, Body: page})
}

// casesOf are the samples of the same letter; none where there is but one.
func casesOf(shown mail.Sample) []web.NavLink {
	var links []web.NavLink
	for _, sample := range mail.Samples() {
		if sample.Letter != shown.Letter {
			continue
		}
		links = append(links, web.NavLink{
			Name: okey.Capitalize(cmp.Or(sample.Case, "cas habituel")), Path: letterURL(sample.Letter) + "?cas=" + sample.Name,
			Here: sample.Name == shown.Name,
		})
	}
	if len(links) < 2 {
		return nil
	}
	return links
}

// letterSecurity lets a mail have the styles that it carries within, and nothing else: no script, form or image, no window but OKEY's
// around it.
const letterSecurity = "default-src 'none'; style-src 'unsafe-inline'; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

// letterPart is the HTML part of a mail, for the frame on its page. Its link leads nowhere.
func (s *Pages) letterPart(v *web.Visit) error {
	sample, err := s.letterAsked(v)
	if err != nil {
		return err
	}
	sample.Facts.Link = "#"
	message, err := mail.Write(sample.Letter, sample.Facts)
	if err != nil {
		return err
	}
	v.Header("Content-Security-Policy", letterSecurity)
	v.Header("X-Frame-Options", "SAMEORIGIN")
	v.Data(http.StatusOK, "text/html; charset=utf-8", []byte(message.HTML))
	return nil
}
