package keys

import (
	"net/http"
	"strings"

	"okey/internal/address"
	"okey/okey"
	"okey/server/web"
)

// declaration is what a holder may report of their own key, on a page of its own.
type declaration struct {
	path, name, title string
	reason            okey.KeyReason
	say, button       string
	comment           web.Field
	becomes           string // of the key
	keeps             bool   // it stays the holder's: there is no other to ask for
	last              string // what else follows; may be empty
	back              string // "it is all right after all"
}

var declarations = []declaration{
	{
		path: address.PathReport, name: "signaler", title: "Signaler que ma clef ne marche plus", reason: okey.ReasonDefective,
		say: "Signalez-le : la direction sera prévenue.", button: "Signaler ma clef",
		comment: web.Field{
			Label: "*Que se passe-t-il ?", Hint: "La direction le lira.",
			Missing: "Écrivez en quelques mots ce qui ne va pas.",
		},
		becomes: "La clef ne sert plus et n'est plus à vous : rendez-la à la direction, qui est prévenue.",
		back:    "Non, revenir à ma clef",
	},
	{
		path: address.PathLost, name: "perdue", title: "J'ai perdu ma clef", reason: okey.ReasonLost,
		say: "Perdue ou volée, déclarez-la sans attendre : personne ne pourra s'en servir.", button: "Déclarer ma clef perdue",
		comment: web.Field{
			Label: "*Où et quand l'avez-vous vue pour la dernière fois ?", Hint: "La direction le lira.",
			Missing: "Écrivez en quelques mots où et quand vous l'avez vue pour la dernière fois.",
		},
		becomes: "La clef ne sert plus et n'est plus à vous : la direction est prévenue.",
		last:    "Vous la retrouvez ensuite ? Rapportez-la à la direction.",
		back:    "Je l'ai retrouvée : revenir à ma clef",
	},
	{
		path: address.PathMislaid, name: "egaree", title: "J'ai égaré ma clef", reason: okey.ReasonMislaid, keeps: true,
		say:    "Oubliée chez vous, ou quelque part ? Personne ne pourra s'en servir avant que vous ne l'ayez retrouvée.",
		button: "Noter ma clef égarée",
		comment: web.Field{
			Label: "*Où pensez-vous qu'elle est ?", Hint: "La direction le lira.",
			Missing: "Écrivez en quelques mots où vous pensez qu'elle est.",
		},
		becomes: "La clef n'est plus acceptée, mais reste la vôtre : la direction est prévenue.",
		last: "Vous avez cinq jours pour la retrouver, sans compter les week-ends, les jours fériés et les vacances scolaires. " +
			"Ensuite elle est perdue, et vous pourrez en demander une autre.",
		back: "Je l'ai : revenir à ma clef",
	},
	{
		path: address.PathFound, name: "retrouvee", title: FoundTitle, reason: okey.ReasonRecovered, keeps: true,
		say: "Dites-le, et vous pourrez de nouveau vous connecter.", button: "Déclarer ma clef retrouvée",
		comment: web.Field{
			Label: "Où était-elle ?", Hint: "Facultatif. La direction le lira.",
		},
		becomes: "La clef est de nouveau acceptée, avec le même code PIN : la direction est prévenue.",
		last:    "Quelqu'un d'autre a pu voir votre code PIN ? Changez-le aussitôt.",
		back:    "Je ne l'ai pas encore : revenir à ma clef",
	},
}

// FoundTitle names the page of a key that was mislaid, and is found.
const FoundTitle = "J'ai retrouvé ma clef"

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
	Form   *web.Form
	Back   web.NavLink
}

func (d declaration) form(v *web.Visit, key okey.Key) *web.Form {
	return web.NewForm(v, d.name, address.KeyURL(key.Serial)+d.path, d.button, map[string]web.Field{"comment": d.comment})
}

func (s *Pages) declarationPage(v *web.Visit, d declaration) error {
	key, err := s.ownKeyOf(v)
	if err != nil {
		return s.gone(v, err)
	}
	if !okey.HolderMayDeclare(key.State, d.reason) { // the link of an old mail: there is nothing left to say
		v.Redirect(http.StatusSeeOther, address.KeyURL(key.Serial))
		return nil
	}
	f := d.form(v, key)
	notice := ""
	if s.Restore(v, f) {
		notice = web.RestoredNotice
	}
	if strings.TrimSpace(f.Values["comment"]) == "" {
		f.Values["comment"] = symptoms[v.Query("depuis")]
	}
	return s.showDeclaration(v, http.StatusOK, d, key, f, notice, "")
}

func (s *Pages) showDeclaration(v *web.Visit, status int, d declaration, key okey.Key, f *web.Form, notice, warning string) error {
	next, err := s.follows(v, d, key)
	if err != nil {
		return err
	}
	back := web.NavLink{Name: d.back, Path: address.KeyURL(key.Serial)}
	page := declarationScreen{Serial: key.Serial, Say: d.say, Next: next, Form: f, Back: back}
	return s.Show(v, status, "declare", web.Screen{Title: d.title, Notice: notice, Warning: warning, Body: page})
}

// follows are the consequences of a declaration: another key can be asked for, unless it has been, or this one stays.
func (s *Pages) follows(v *web.Visit, d declaration, key okey.Key) ([]string, error) {
	if d.keeps {
		return []string{d.becomes, d.last}, nil
	}
	open, tried, err := s.store.ReportBeside(v.Ctx(), v.Actor.ID, key.Serial, v.Now.Add(-okey.TrialNews), v.Now)
	if err != nil {
		return nil, err
	}
	another := "Vous pouvez en demander une autre tout de suite."
	if open {
		another = "Vous en avez déjà demandé une autre : cette demande suit son cours."
	}
	next := []string{d.becomes, another}
	if d.last != "" {
		next = append(next, d.last)
	}
	if tried != nil && d.reason == okey.ReasonDefective {
		next = append(next, "Votre essai est joint : "+tried.French()+".")
	}
	return next, nil
}

// declare takes the form the one way through.
func (s *Pages) declare(v *web.Visit, d declaration) error {
	key, err := s.ownKeyOf(v)
	if err != nil {
		return s.outOfSight(v, key, err)
	}
	f := d.form(v, key)
	if err := s.Read(v, f); err != nil {
		return err
	}
	again := func(status int, warning string) error {
		if key, err = s.ownKeyOf(v); err != nil { // as it is by now
			return s.outOfSight(v, key, err)
		}
		return s.showDeclaration(v, status, d, key, f, "", warning)
	}
	if d.comment.Missing != "" {
		f.Text("comment")
	}
	if len(f.Errors) > 0 {
		return again(http.StatusUnprocessableEntity, "")
	}
	return s.Send(v, f, keyChange(f, key, d.reason), address.KeyURL(key.Serial), again)
}
