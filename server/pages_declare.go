package server

import (
	"net/http"
	"strings"

	"okey/okey"
)

// declaration is what a holder may report of their own key, on a page of its own.
type declaration struct {
	path, name, title string
	reason            okey.KeyReason
	say, button       string
	comment           field
	becomes           string // of the key
	last              string // what else follows; may be empty
	back              string // "it is all right after all"
}

var declarations = []declaration{
	{
		path: pathReport, name: "signaler", title: "Signaler que ma clef ne marche plus", reason: okey.ReasonDefective,
		say: "Signalez-le : la direction sera prévenue.", button: "Signaler ma clef",
		comment: field{Label: "*Que se passe-t-il ?", Hint: "La direction le lira.", Missing: "Écrivez en quelques mots ce qui ne va pas."},
		becomes: "La clef ne sert plus et n'est plus à vous : rendez-la à la direction, qui est prévenue.",
		back:    "Non, revenir à ma clef",
	},
	{
		path: pathLost, name: "perdue", title: "J'ai perdu ma clef", reason: okey.ReasonLost,
		say: "Perdue ou volée, déclarez-la sans attendre : personne ne pourra s'en servir.", button: "Déclarer ma clef perdue",
		comment: field{
			Label: "*Où et quand l'avez-vous vue pour la dernière fois ?", Hint: "La direction le lira.",
			Missing: "Écrivez en quelques mots où et quand vous l'avez vue pour la dernière fois.",
		},
		becomes: "La clef ne sert plus et n'est plus à vous : la direction est prévenue.",
		last:    "Vous la retrouvez ensuite ? Rapportez-la à la direction.",
		back:    "Je l'ai retrouvée : revenir à ma clef",
	},
}

// symptoms are what the questions before have already told: the holder need not write it again.
var symptoms = map[string]string{
	"cassee": "La clef est cassée.", "ecran": "L'écran reste vide ou ne se lit plus.",
	"decalage": "Le code est refusé, même après avoir remis la clef à l'heure.",
}

// declarationScreen is such a page.
type declarationScreen struct {
	Serial okey.Serial
	Say    string
	Next   []string
	Form   *form
	Back   navLink
}

func (d declaration) form(v *visit, key okey.Key) *form {
	return newForm(v, d.name, keyURL(key.Serial)+d.path, d.button, map[string]field{"comment": d.comment})
}

func (s *Server) declarationPage(v *visit, d declaration) error {
	key, err := s.ownKeyOf(v)
	if err != nil {
		return s.gone(v, err)
	}
	f := d.form(v, key)
	notice := ""
	if s.restore(v, f) {
		notice = restoredNotice
	}
	if strings.TrimSpace(f.Values["comment"]) == "" {
		f.Values["comment"] = symptoms[v.Query("depuis")]
	}
	return s.showDeclaration(v, http.StatusOK, d, key, f, notice, "")
}

func (s *Server) showDeclaration(v *visit, status int, d declaration, key okey.Key, f *form, notice, warning string) error {
	next, err := s.follows(v, d)
	if err != nil {
		return err
	}
	page := declarationScreen{Serial: key.Serial, Say: d.say, Next: next, Form: f, Back: navLink{Name: d.back, Path: keyURL(key.Serial)}}
	return s.show(v, status, "declare", screen{Title: d.title, Notice: notice, Warning: warning, Body: page})
}

// follows are the consequences of a declaration: another key can be asked for, unless it has been.
func (s *Server) follows(v *visit, d declaration) ([]string, error) {
	another := "Vous pouvez en demander une autre tout de suite."
	_, err := s.store.OpenRequestOf(v.ctx(), v.Actor.ID)
	switch {
	case err == nil:
		another = "Vous en avez déjà demandé une autre : cette demande suit son cours."
	case okey.ErrorCode(err) != okey.CodeNotFound:
		return nil, err
	}
	next := []string{d.becomes, another}
	if d.last != "" {
		next = append(next, d.last)
	}
	return next, nil
}

// declare takes the form the one way through.
func (s *Server) declare(v *visit, d declaration) error {
	key, err := s.ownKeyOf(v)
	if err != nil {
		return s.outOfSight(v, key, err)
	}
	f := d.form(v, key)
	if err := s.read(v, f); err != nil {
		return err
	}
	again := func(status int, warning string) error {
		if key, err = s.ownKeyOf(v); err != nil { // as it is by now
			return s.outOfSight(v, key, err)
		}
		return s.showDeclaration(v, status, d, key, f, "", warning)
	}
	if f.text("comment"); len(f.Errors) > 0 {
		return again(http.StatusUnprocessableEntity, "")
	}
	done, err := s.act(v.ctx(), v.Actor, wish{
		Action: f.Action, Name: okey.ActionKeyChange, Key: key.Serial, Via: okey.ViaWeb,
		Content: okey.Content{KeyReason: d.reason, Comment: f.Values["comment"]},
	})
	if err != nil {
		if err = f.refuse(err); err != nil {
			return err
		}
		return again(http.StatusUnprocessableEntity, "")
	}
	return s.answerForm(v, f, done, keyURL(key.Serial), again)
}
