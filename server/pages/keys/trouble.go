package keys

import (
	"fmt"
	"net/http"

	"okey/internal/address"
	"okey/okey"
	"okey/server/web"
)

// answerLink is one of the ways on from a page that asks.
type answerLink struct {
	web.NavLink
	First bool // the one that most people need
}

// troubleScreen is one question about a key that fails.
type troubleScreen struct {
	Serial  okey.Serial
	Known   string       // what OKEY knows by itself to be wrong, and what to do
	Mend    *web.NavLink // about that
	Say     string
	Steps   []string
	Ask     string
	Answers []answerLink
	Back    web.NavLink
}

// trouble is one question on the way from "it does not work" to what is to be done.
type trouble struct {
	path, title string
	say         string   // before the steps to try, if there are any
	steps       []string // in their order
	ask         string   // the question
	answers     []troubleAnswer
	trial       string // what the way to a trial of the key is called; empty: there is none from here
}

// troubleAnswer leads on.
type troubleAnswer struct {
	say   string
	to    func(okey.Serial) string
	first bool
	early bool // it leads somewhere before the key is in hand, too
}

// below leads to a page of the key; empty: to the key's own.
func below(path string) func(okey.Serial) string {
	return func(serial okey.Serial) string { return address.KeyURL(serial) + path }
}

func toForgottenPIN(serial okey.Serial) string { return LinksOfPIN(serial).Forgotten }

func toAskAgain(okey.Serial) string { return address.PathAsk }

// troubles are the questions, the first one first. What an academy's help desk would ask on the telephone, in that order.
var troubles = []trouble{
	{
		path: address.PathTrouble, title: "Ma clef ne marche plus", ask: "Que se passe-t-il ?",
		trial: "Essayer ma clef : OKEY dit ce qui ne va pas",
		answers: []troubleAnswer{
			{say: "La connexion refuse mon code", to: below(address.PathTrouble + "/code")},
			{say: "L'écran de la clef reste vide, ou ne se lit plus", to: below(address.PathTrouble + "/ecran")},
			{say: "J'ai oublié mon code PIN", to: toForgottenPIN},
			{say: "La clef est cassée", to: below(address.PathReport + "?depuis=cassee")},
			{say: "Elle est expirée", to: below(address.PathExpired)},
			{say: "Je ne trouve plus ma clef", to: below(address.PathTrouble + "/introuvable")},
		},
	},
	{
		path: address.PathTrouble + "/code", title: "La connexion refuse mon code", say: "Vérifiez d'abord ce que vous tapez :",
		steps: []string{
			"Tapez votre code PIN puis, sans espace, le nombre que la clef affiche à cet instant.",
			"Le nombre change souvent : s'il vient de changer, prenez le nouveau.",
		},
		ask: "Connaissez-vous bien votre code PIN ?", trial: "Essayer ici : OKEY dit ce qui ne va pas",
		answers: []troubleAnswer{
			{say: "Oui, et c'est encore refusé", to: below(address.PathTrouble + "/decalage"), first: true},
			{say: "J'ai un doute : choisir un autre code PIN", to: toForgottenPIN},
			{say: "Ça marche", to: below("")},
		},
	},
	{
		path: address.PathTrouble + "/decalage", title: "Remettre la clef à l'heure",
		say: "Une clef qui n'a pas servi depuis longtemps peut s'être décalée. Essayez ceci :",
		steps: []string{
			"Fermez le navigateur, puis rouvrez-le.",
			"Connectez-vous avec votre code PIN suivi du nombre affiché.",
			"Attendez que la clef affiche le nombre suivant.",
			"Tapez ce nombre seul, sans le code PIN.",
		},
		ask: "Et maintenant ?", trial: "Le faire ici, pas à pas",
		answers: []troubleAnswer{
			{say: "Ça marche", to: below(""), first: true},
			{say: "C'est toujours refusé", to: below(address.PathReport + "?depuis=decalage")},
		},
	},
	{
		path: address.PathExpired, title: "Ma clef est expirée",
		say: "Une clef expirée ne marche plus : il en faut une autre. " +
			"On peut la demander dès trois mois avant la date, et garder l'ancienne jusqu'à la remise.",
		ask: "Que voulez-vous faire ?",
		answers: []troubleAnswer{
			{say: "Demander la clef suivante", to: toAskAgain, first: true},
			{say: "Voir jusqu'à quand ma clef est valable", to: below("")},
		},
	},
	{
		path: address.PathTrouble + "/introuvable", title: "Je ne trouve plus ma clef", ask: "Pensez-vous la retrouver ?",
		answers: []troubleAnswer{
			{say: "Oui, je l'ai laissée chez moi ou quelque part", to: below(address.PathMislaid)},
			{say: "Non, elle est perdue ou volée", to: below(address.PathLost)},
		},
	},
	{
		path: address.PathTrouble + "/ecran", title: "L'écran de la clef reste vide",
		say: "Si la clef a un bouton, appuyez dessus une seconde et attendez un peu.", ask: "Voyez-vous un nombre ?",
		answers: []troubleAnswer{
			{say: "Oui, je vois un nombre", to: below(address.PathTrouble + "/code")},
			{say: "Non, rien, ou je ne peux pas le lire", to: below(address.PathReport + "?depuis=ecran")},
		},
	},
}

func (s *Pages) troublePage(v *web.Visit, t trouble) error {
	key, err := s.ownKeyOf(v)
	if err != nil {
		return s.gone(v, err)
	}
	page := troubleScreen{Serial: key.Serial, Say: t.say, Steps: t.steps, Ask: t.ask}
	page.Back = web.NavLink{Name: "Revenir à ma clef", Path: address.KeyURL(key.Serial)}
	if t.path != address.PathTrouble {
		page.Back = web.NavLink{Name: "Ce n'est pas cela : revenir au début", Path: address.KeyURL(key.Serial) + address.PathTrouble}
	}
	tried := s.trials != nil && t.trial != ""
	if tried {
		trial := web.NavLink{Name: t.trial, Path: address.KeyURL(key.Serial) + address.PathTrial}
		page.Answers = append(page.Answers, answerLink{NavLink: trial, First: true})
	}
	for _, a := range t.answers {
		page.Answers = append(page.Answers, answerLink{NavLink: web.NavLink{Name: a.say, Path: a.to(key.Serial)}, First: a.first && !tried})
	}
	if page.Known, page.Mend, err = s.knownTrouble(v, key); err != nil {
		return err
	}
	if t.path == address.PathExpired && page.Known == "" && !key.Renewable(v.Today()) {
		page.Known = fmt.Sprintf("Votre clef est valable jusqu'au %s : elle n'est pas expirée.", web.Paris(v).Date(key.ExpiresOn))
		page.Mend = &web.NavLink{Name: "Trouver ce qui ne va pas", Path: address.KeyURL(key.Serial) + address.PathTrouble}
		page.Back = web.NavLink{Name: "Revenir à ma clef", Path: address.KeyURL(key.Serial)}
	}
	return s.Show(v, http.StatusOK, "trouble", web.Screen{Title: t.title, Body: page})
}

// knownTrouble is what OKEY knows to be wrong with a key without asking: it has expired, or its PIN is locked.
func (s *Pages) knownTrouble(v *web.Visit, key okey.Key) (string, *web.NavLink, error) {
	c, err := s.ClockAt(v.Ctx(), v, key.UAI)
	if err != nil {
		return "", nil, err
	}
	if key.LoanOver(v.Now) {
		return sayLoan(key, c), nil, nil
	}
	if key.State == okey.Suspended {
		return "Votre clef est déclarée égarée : elle n'est plus acceptée.",
			&web.NavLink{Name: FoundTitle, Path: address.KeyURL(key.Serial) + address.PathFound}, nil
	}
	if key.ExpiresOn.Before(okey.DayOf(v.Now, c.Zone)) {
		return fmt.Sprintf("Votre clef a expiré le %s : elle ne marchera plus. Demandez la suivante.", c.Date(key.ExpiresOn)),
			&web.NavLink{Name: "Demander la clef suivante", Path: address.PathAsk}, nil
	}
	guard, err := s.store.PINGuardOf(v.Ctx(), key.Serial)
	if err != nil || !guard.Locked(v.Now) {
		return "", nil, err
	}
	return fmt.Sprintf("Trop de codes PIN faux de suite : plus aucun n'est accepté avant %s. "+
			"Choisir un autre code PIN débloque la clef tout de suite.", c.Time(guard.BlockedUntil)),
		&web.NavLink{Name: "Choisir un autre code PIN", Path: LinksOfPIN(key.Serial).Forgotten}, nil
}
