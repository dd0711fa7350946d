package mail

import "okey/okey"

// Sample is a letter with made-up facts: what the golden files hold, and what support looks at before anybody gets it.
type Sample struct {
	Name   string // the letter's, and of the case where it is not the usual one: "asked-no-key"
	Letter Letter
	Case   string // in French, in a few words; empty: the usual one
	Facts  Facts
}

// Samples are all letters in the order of the register, each followed by the cases in which it says something else.
func Samples() []Sample {
	var all []Sample
	for _, entry := range Register {
		all = append(all, Sample{Name: string(entry.Letter), Letter: entry.Letter, Facts: factsOf(entry.Letter)})
		for _, c := range cases[entry.Letter] {
			facts := factsOf(entry.Letter)
			c.change(&facts)
			all = append(all, Sample{Name: string(entry.Letter) + "-" + c.name, Letter: entry.Letter, Case: c.said, Facts: facts})
		}
	}
	return all
}

// story is everything that a letter might speak of, in the middle of a request. Nobody in it exists.
func story() Facts {
	return Facts{
		Requester: "Léa Martin", School: "le collège L'Archet", UAI: "0061565U", Need: "saisie des absences",
		By: "Marc Roux", Givers: "Marc Roux ou Anne Blanc", Serial: "0048000012", Change: okey.ReasonLost, Charter: 1,
		Stage: okey.AwaitingCharter, Free: 3, Waiting: 4, Place: 2,
		Since: "mardi 24 novembre", At: "mardi 24 novembre à 9 h 12", Reminder: "jeudi 26 novembre", ToSupport: "mardi 8 décembre",
		Expiry: "mardi 12 janvier", Link: "https://okey.ac-exemple.fr/demandes/7", Support: "assistance@ac-exemple.fr",
		Items: []Item{
			{
				Requester: "Léa Martin", School: "le collège L'Archet", Need: "saisie des absences", Since: "mardi 24 novembre",
				Address: "lea.martin@ac-exemple.fr", Kind: "Votre clef vous attend",
			},
			{
				Requester: "Paul Petit", School: "le collège L'Archet", Need: "conseils de classe", Since: "lundi 23 novembre",
				Serial: "0048000013", Address: "paul@ac-exemple.fr", Kind: "Rappel",
			},
		},
		Total: 2, Other: "le lycée des Acacias (0069002C)", Function: okey.Staff.French(),
		Moved: "12 clefs, 3 demandes, 2 commandes, 1 départ et 1 signalement",
	}
}

// factsOf are a letter's in the usual case: the story's, with what that letter alone needs.
func factsOf(letter Letter) Facts {
	f := story()
	switch letter {
	case SupportDecided, SupportHandedOver:
		f.By = "Inès Lopez"
	case NotDone:
		f.Items = []Item{{Kind: "charte et code PIN, demande de Léa Martin"}}
	case Stuck:
		f.Items, f.Total = []Item{{Kind: "le suivi d'une demande"}}, 1
	case Examined:
		f.Items, f.Total = []Item{{Kind: "workers : aucun ne travaille : ce qui est enregistré attend. Lancez « okey worker »."}}, 1
	case SourcesTold:
		f.Waiting = 0
		f.Items, f.Total = []Item{{
			Kind: "0061565U perdrait 31 de ses 40 personnes : personne n'y a été retiré. Vérifiez l'annuaire ; s'il est exact, lancez " +
				"« okey sync directory --force ».",
		}}, 1
	case KeyMislaid:
		f.Change = okey.ReasonMislaid
	case KeyRecovered:
		f.Change = okey.ReasonRecovered
	case WebhookStopped:
		f.Items, f.Total = []Item{{Kind: "authentification", Need: "a répondu 500"}}, 1
	case SupportOrdered, OrderClosed:
		f.By, f.Place, f.Total = "Inès Lopez", 12, 10
	case OrderLate:
		f.Link = "https://okey.ac-exemple.fr/assistance/etablissements/0061565U"
	case Refused:
		f.Comment = "Passez me voir."
	case Attached: // to a member of staff nothing is listed
		f.Function = okey.Deputy.French()
	case KeysExpire:
		f.Items[0].Serial, f.Items[0].Since, f.Items[1].Ended = "0048000012", "mardi 12 janvier", true
	case LoansOver:
		f.Items[0].Serial, f.Items[0].Since = "0048000012", "lundi 23 novembre"
	case HoldersLeft:
		f.Items[0].Serial = "0048000012"
	case KeysMoved:
		f.Items[0].Serial, f.Items[0].School, f.Items[1].School, f.Items[1].Requester = "0048000012", "", "", ""
	case LowStock:
		f.Total, f.Place = 8, 5
	case OrderOverdue:
		f.Place, f.Total = 12, 10
	case OrdersExported:
		f.Free, f.Total, f.At = 25, 4, "lundi 23 novembre"
	}
	return f
}

// variation is a case in which a letter says something else.
type variation struct {
	name   string
	said   string
	change func(*Facts)
}

// alone leaves one line of a list.
func alone(f *Facts) { f.Items, f.Total = f.Items[:1], 1 }

// empty leaves none.
func empty(f *Facts) { f.Items, f.Total = nil, 0 }

// commented is a case in which somebody wrote why.
func commented(why string) variation {
	return variation{"comment", "avec un commentaire", func(f *Facts) { f.Comment = why }}
}

func at(stage okey.Stage) func(*Facts) { return func(f *Facts) { f.Stage = stage } }
