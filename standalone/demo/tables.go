package demo

import "okey/okey"

// schoolRow is a school of the year, and what it begins the year with.
type schoolRow struct {
	name, nature, academy, commune, postcode string
	staff, leaving, coming                   int // who may ask; of them who leaves, and who comes, as the school year begins
	held, free                               int // keys in people's hands, and in the drawer
	pace                                     int // how many times as long as elsewhere people take
	headOf                                   int // the school whose head it shares, or whose head answers for it
}

// The schools that the tables below name, in the order of schools.
const (
	olivesCollege = iota
	olivesLycee
	restanque
	section
	remparts
	capLycee
	rivoire
	ecrins
)

const itsOwn = -1

// schools are the year's own, in two academies: a cité scolaire, a section without head, a lycée that another takes over, one with a full
// drawer and one where many wait.
var schools = []schoolRow{
	olivesCollege: {"Collège Les Oliviers", "340", "23", "Grasse", "06130", 28, 2, 3, 5, 23, 1, itsOwn},
	olivesLycee:   {"Lycée Les Oliviers", "302", "23", "Grasse", "06130", 33, 2, 4, 7, 20, 1, olivesCollege},
	restanque:     {"Collège La Restanque", "340", "23", "Vence", "06140", 28, 1, 2, 4, 21, 1, itsOwn},
	section:       {"Section d'enseignement général La Restanque", "390", "23", "Vence", "06140", 8, 0, 1, 1, 6, 1, restanque},
	remparts:      {"Lycée professionnel des Remparts", "320", "23", "Antibes", "06600", 16, 0, 0, 4, 9, 1, itsOwn},
	capLycee:      {"Lycée polyvalent du Cap", "306", "23", "Antibes", "06600", 36, 2, 4, 7, 22, 1, itsOwn},
	rivoire:       {"Collège La Rivoire", "340", "08", "Voiron", "38500", 32, 1, 3, 3, 9, 2, itsOwn},
	ecrins:        {"Lycée Les Écrins", "302", "08", "Grenoble", "38000", 36, 2, 4, 8, 52, 1, itsOwn},
}

// colleagues work at the small demonstration's own school: what they wanted is done long before the year ends, and as many keys are there
// for them as they take, so that its drawer is as the small demonstration has it.
var colleagues = struct {
	school     okey.UAI
	head       string
	staff      int
	held, free int
	fates      []fate
	done       int // open days before the end of the year
}{"0069901E", "proux", 12, 4, 6, []fate{served, served, refused, served, served, early, served, served}, 60}

// fate is how a request ends: at a stage nobody does anything, or its person withdraws; else it is answered, signed and handed over.
type fate struct {
	share            int // of a hundred
	stalls, withdraw okey.Stage
	refuses          bool
	support          bool // answers, where nobody else did for long
}

var (
	served  = fate{share: 66}
	refused = fate{share: 12, refuses: true}
	early   = fate{share: 4, withdraw: okey.AwaitingDecision}
)

var fates = []fate{
	served, refused, early,
	{share: 3, withdraw: okey.AwaitingCharter},
	{share: 2, withdraw: okey.AwaitingHandover},
	{share: 4, stalls: okey.AwaitingDecision},
	{share: 3, support: true},
	{share: 5, stalls: okey.AwaitingCharter},
	{share: 1, stalls: okey.AwaitingHandover},
}

// delays are how many open days people take, any of these.
var delays = map[okey.Stage][]int{
	okey.AwaitingDecision: {0, 0, 0, 1, 1, 1, 2, 2, 3, 6},
	okey.AwaitingCharter:  {0, 0, 0, 1, 1, 2, 3, 6},
	okey.AwaitingHandover: {0, 1, 1, 2, 2, 3, 5, 9},
}

// months are how much is asked for in each: much as school begins, nothing in the holidays, which are closed anyway.
var months = [13]int{1: 12, 2: 9, 3: 8, 4: 7, 5: 6, 6: 5, 7: 2, 8: 4, 9: 22, 10: 14, 11: 12, 12: 8}

// incidents are what happens to keys in service, spread over the year.
var incidents = []struct {
	reason  okey.KeyReason
	count   int
	holder  bool // declares it
	replace bool // asks for another one
	comment string
}{
	{okey.ReasonLost, 8, true, true, "Perdue dans les transports en revenant de stage."},
	{okey.ReasonLost, 5, false, true, "Introuvable depuis le déménagement de la vie scolaire."},
	{okey.ReasonDefective, 6, true, true, "L'écran reste noir, même après une nuit de repos."},
	{okey.ReasonDefective, 4, false, true, "Les codes sont refusés : l'horloge de la clef a dérivé."},
	{okey.ReasonReturn, 9, false, false, "Changement de service : la clef n'est plus utile."},
	{okey.ReasonRetired, 2, false, false, "Boîtier cassé en deux."},
}

// orderRow is an order of keys. Days are open days before the end of the year.
type orderRow struct {
	school, placed, quantity, shipped int // 0: not shipped
	comment                           string
}

var orders = []orderRow{
	{olivesLycee, 66, 12, 56, "La rentrée approche, quinze collègues arrivent."},
	{capLycee, 65, 14, 56, "Nous reprenons le lycée des Remparts."},
	{restanque, 64, 6, 56, "Pour les remplaçants."},
	{rivoire, 42, 10, 30, "Douze collègues attendent, le tiroir est vide."},
	{capLycee, 40, 8, 30, "Renouvellement des clefs de 2022."},
	{rivoire, 33, 12, 21, "Il en manque encore : merci de faire vite."},
	{section, 9, 4, 0, "Deux collègues arrivent en janvier."},
	{olivesCollege, 2, 6, 0, "Trois clefs sont tombées en panne ce mois-ci."},
}

// deliveryRow is a delivery of keys to schools. Those that are announced arrive when their school says so, or are on their way still.
type deliveryRow struct {
	sent, arrives int // open days before the end of the year; arrives 0: not yet, or announced by nobody
	announced     bool
	batch         string
	brings        map[int]int // keys, by school
}

var deliveries = []deliveryRow{
	{51, 0, false, "DEMO-C", map[int]int{olivesLycee: 12, capLycee: 14, restanque: 6}},
	{26, 23, true, "DEMO-D", map[int]int{rivoire: 10, capLycee: 8}},
	{2, 0, true, "DEMO-E", map[int]int{olivesLycee: 6, section: 4}},
}

// inventories are when a school looks into its drawer; the last finds a key that OKEY does not know.
var inventories = []struct {
	school, day int
	finds       bool
}{
	{ecrins, 98, false},
	{restanque, 74, false},
	{capLycee, 55, false},
	{olivesCollege, 30, false},
	{rivoire, 12, false},
	{ecrins, 3, true},
}

// delegations are given by a school's head to somebody of the staff.
var delegations = []struct{ school, given, days int }{{ecrins, 80, 20}, {capLycee, 6, 40}, {olivesLycee, 40, 12}}

// open is what waits as the year ends: asked so many open days before, it has come to a stage and waits there.
var open = []struct {
	school, asked int
	stage         okey.Stage
	bounces       bool // whoever should answer has an address that takes no mail; asked some days before the doctor looks
}{
	{section, 14, okey.AwaitingDecision, false}, // with support by now
	{olivesCollege, 1, okey.AwaitingDecision, false},
	{ecrins, 2, okey.AwaitingDecision, false},
	{capLycee, 1, okey.AwaitingDecision, false},
	{rivoire, 3, okey.AwaitingDecision, false},
	{ecrins, 4, okey.AwaitingCharter, false},
	{olivesLycee, 2, okey.AwaitingCharter, false},
	{capLycee, 3, okey.AwaitingHandover, false},
	{olivesCollege, 5, okey.AwaitingHandover, false},
	{ecrins, 7, okey.AwaitingHandover, true},
}

// heldUntil are when keys end that people have had since before OKEY, in months after the year's end: some are renewed during the year.
var heldUntil = []int{1, 40, -2, 52, 28, -4, 14, 47, -1, 36, 20, 55}

// lots are the batches in the drawers at first, and when they end, alike.
var lots = []struct {
	name string
	ends int
}{{"DEMO-B1", 26}, {"DEMO-B2", 38}, {"DEMO-B3", 49}}

const (
	delivered = 59 // months after the year's end in which delivered keys end
	passed    = 20 // and those of the small demonstration's school, which are taken before its own
)

var needs = []string{
	"saisie des absences", "notes et bulletins de mes classes", "livrets scolaires", "inscriptions aux examens dans Cyclades",
	"suivi des bourses", "emplois du temps", "préparation des conseils de classe", "vœux d'orientation des familles",
	"gestion des remplacements de courte durée", "remontée des effectifs", "saisie des services des enseignants",
	"évaluations nationales", "dossiers des élèves à besoins particuliers", "commandes et régie", "conseils de discipline",
}

var refusals = []string{
	"Votre fonction ne demande pas de clef : le portail suffit.", "Votre remplacement se termine dans deux semaines.",
	"Voyez d'abord avec le secrétariat : la saisie est faite là-bas.", "Demande en double avec celle de votre service.",
}

var givenNames = []string{
	"Amina", "Baptiste", "Chloé", "Driss", "Élodie", "Florent", "Gaëlle", "Hugo", "Inès", "Jérôme", "Karima", "Laurent", "Maëlle",
	"Nicolas",
	"Océane", "Pierre", "Quentin", "Rachida", "Sébastien", "Tiphaine", "Ugo", "Valérie", "Wassim", "Xavier", "Yasmine", "Zoé", "Anne-Laure",
	"Bilal", "Camille", "David", "Estelle", "Fatou", "Guillaume", "Hélène", "Ismaël", "Julie", "Kévin", "Lucie", "Mehdi",
	"Nadège", "Olivier",
	"Pauline", "Romain", "Sabrina", "Théo", "Véronique", "Aurélie", "Benoît", "Céline", "Denis", "Émilie", "Fabrice", "Isabelle",
}

var familyNames = []string{
	"Abadie", "Achard", "Alonso", "Andrieu", "Astier", "Aubert", "Azoulay", "Barbier", "Belkacem", "Bénard", "Bertin", "Besson", "Blondel",
	"Bonnefoy", "Bouchet", "Boyer", "Brunel", "Camara", "Carpentier", "Castel", "Chabert", "Charpin", "Chevallier", "Cissé", "Clément",
	"Collin", "Cordier", "Costa", "Coulibaly", "Da Silva", "Dallard", "Delmas", "Deschamps", "Devaux", "Diop", "Dubreuil",
	"Dumont", "Esposito",
	"Faure", "Favier", "Fernandes", "Ferrand", "Fournel", "Gaillard", "Gauthier", "Germain", "Giraud", "Gomis", "Grangier", "Guérin",
	"Guichard", "Haddad", "Hamel", "Hoarau", "Humbert", "Imbert", "Jacquin", "Jolivet", "Joubert", "Kaci", "Keller", "Lacroix", "Lagarde",
	"Lambert", "Lang", "Lebrun", "Legrand", "Lemaire", "Lopez", "Maillard", "Mansouri", "Marchand", "Masson", "Mercier", "Meunier",
	"Michaud",
	"Monnier", "Morin", "N'Diaye", "Navarro", "Noël", "Ollivier", "Oudin", "Pascal", "Pelletier", "Pereira", "Picard", "Pons", "Poulain",
	"Prévost", "Rahmani", "Raynaud", "Renard", "Ricci", "Rivière", "Robin", "Rossi", "Rousset", "Sabatier", "Saidi", "Salvi", "Sauvage",
	"Schmitt", "Serra", "Sorel", "Tanguy", "Tessier", "Thibault", "Touré", "Tran", "Valentin", "Vasseur", "Verdier", "Vial", "Weber",
	"Yilmaz",
}
