package okey

import "time"

// What OKEY keeps of people, why, and for how long: regulation (EU) 2016/679 (RGPD), article 5, 1 c and e, and article 13. One table: the
// page for people shows it, the workflow Retention does it, a test holds that it does all of it.

// KeptData names a kind of data of the table. The values stand in the audit.
type KeptData string

// The kinds of data that have an end of their own.
const (
	KeptTexts    KeptData = "texts"
	KeptMails    KeptData = "mails"
	KeptLinks    KeptData = "links"
	KeptRequests KeptData = "requests"
	KeptTrials   KeptData = "trials"
	KeptExports  KeptData = "exports"
	KeptImports  KeptData = "imports"
	KeptPeople   KeptData = "people"
	KeptEvents   KeptData = "events"
)

// Keeping is a line of the table. Months is after Since; zero where another rule ends it, which Until says.
type Keeping struct {
	Data   KeptData // empty: ended by other means
	What   string
	Why    string
	Months int
	Since  string
	Until  string
	Then   string
}

// Keepings returns the table, as the page shows it.
func Keepings() []Keeping {
	return []Keeping{
		{
			KeptPeople,
			"Nom (celui des chartes signées aussi), courriel, identifiant, fonctions et délégations",
			"savoir qui peut demander, répondre et remettre",
			12,
			"après le départ, quand il ne reste ni clef ni demande",
			"",
			"effacés : il ne reste qu'un numéro sans nom",
		},
		{
			KeptRequests,
			"Demande : étapes, dates, qui a répondu, charte signée et son empreinte",
			"savoir qui a reçu quelle clef, et ce qui a été signé",
			36,
			"après la fin de la demande, et tant que la clef n'est pas rendue",
			"",
			"effacée",
		},
		{
			KeptTexts,
			"Textes libres : besoin, motifs, commentaires",
			"comprendre une demande ou un changement de clef",
			12,
			"après la fin de la demande ou après l'action",
			"",
			"effacés",
		},
		{
			KeptMails,
			"Courriels envoyés : adresse, objet, date (jamais leur texte)",
			"savoir qui a été prévenu",
			12,
			"après l'envoi",
			"",
			"effacés",
		},
		{
			KeptLinks,
			"Liens des courriels et jetons d'accès : leur empreinte seulement",
			"reconnaître un lien ou un programme",
			1,
			"après leur fin",
			"",
			"effacés",
		},
		{
			KeptLinks,
			"Essais de liens inconnus, formulaires envoyés sans session : une empreinte du réseau, leur nombre",
			"empêcher de deviner des liens ou de remplir la base",
			1,
			"après le premier essai",
			"",
			"effacés",
		},
		{
			KeptTrials,
			"Essais d'une clef : qui, quand, combien, acceptée ou non (jamais le code PIN ni le nombre)",
			"dire ce qui ne va pas, le joindre au signalement, empêcher de deviner",
			1,
			"après l'essai",
			"",
			"effacés",
		},
		{
			KeptExports,
			"Classeurs de commandes, avec le nom de la personne qui a commandé",
			"retrouver ce qui est parti chez le fournisseur",
			36,
			"après leur envoi",
			"",
			"effacés",
		},
		{
			KeptImports,
			"Imports de l'annuaire et des fichiers : personnes retirées, lignes fausses",
			"comprendre pourquoi quelqu'un manque",
			12,
			"après l'import",
			"",
			"effacés",
		},
		{
			KeptEvents,
			"Événements que lisent les programmes de l'académie : clef, état, établissement, identifiant du titulaire",
			"tenir à jour ce qui vérifie les clefs",
			3,
			"après l'événement",
			"",
			"effacés",
		},
		{
			"",
			"Code PIN : une empreinte que la base seule ne permet pas de retrouver",
			"vérifier le code quand vous vous connectez",
			0,
			"",
			"tant que la clef est entre vos mains",
			"effacée",
		},
		{
			"",
			"Sessions de connexion",
			"ne pas vous redemander qui vous êtes à chaque page",
			0,
			"",
			"deux heures d'inactivité, douze heures au plus",
			"effacées",
		},
		{"", "Dernière connexion avec la clef", "voir si une clef sert encore", 0, "", "tant que la clef n'est pas rendue", "effacée"},
		{
			"",
			"Journal d'audit : numéros et codes, sans nom ni texte",
			"prouver qui a fait quoi, sans modification possible",
			0,
			"",
			"tant qu'OKEY connaît la personne",
			"gardé sans limite : plus rien ne la désigne",
		},
		{
			"",
			"Historiques du moteur : numéros, codes et dates, sans nom ni texte",
			"faire avancer les demandes",
			0,
			"",
			"trente jours après la fin de la demande",
			"effacés",
		},
	}
}

// KeepingsWith is Keepings where a setting says for how many months events are kept; 0: none does.
func KeepingsWith(events int) []Keeping {
	table := Keepings()
	for i := range table {
		if table[i].Data == KeptEvents && events > 0 {
			table[i].Months = events
		}
	}
	return table
}

// EngineRetention is how long the engine keeps the histories of workflows that have ended.
const EngineRetention = 30 * 24 * time.Hour

// The workflow that makes the table true, every night.
const (
	WorkflowRetention = "Retention"
	ActivityRetain    = "RetainOrForget" // RetentionInput -> RetentionReport
)

// RetentionInput is the instant that a run reckons from.
type RetentionInput struct {
	At time.Time `json:"at"`
}

// RetentionReport counts what a run has removed or made nameless, by kind of data.
type RetentionReport struct {
	Ended map[KeptData]int `json:"ended,omitempty"`
}
