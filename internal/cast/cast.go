// Package cast names the made-up people of the demonstration that are proposed first, and what one does as each of them. The provider's
// page and the pages of the tour read the same table.
package cast

// Player is somebody whom a newcomer may become.
type Player struct {
	UID  string // as in the demonstration's staff file, or of its support
	Name string
	Is   string // function and school
	Does string // what one does as this person: verbs in the imperative
}

// Group are the players who do the same.
type Group struct {
	Name    string
	Players []Player
}

// Those of the tour, and where it takes place: a school with keys, whose head is its head.
const (
	School    = "0069901E"
	Requester = "lmartin"
	Head      = "proux"
	HeadMail  = "paul.roux@ac-nice.fr"
)

// Groups are who is proposed first, in the order in which a newcomer needs them. standalone's tests hold them against its files.
var Groups = []Group{
	{"Personnels", []Player{
		{Requester, "Léa Martin", "personnel, collège et lycée", "demandez une clef, puis signez la charte"},
		{"hdiallo", "Hawa Diallo", "personnel, a une clef", "changez le code PIN, déclarez la clef perdue"},
		{"tnguyen", "Thomas Nguyen", "personnel, sa clef expire bientôt", "demandez la clef suivante"},
	}},
	{"Direction", []Player{
		{Head, "Paul Roux", "chef d'établissement, collège", "répondez, remettez la clef, gérez les clefs"},
		{"sblanc", "Sophie Blanc", "adjointe, collège", "répondez et remettez comme Paul Roux"},
		{"cfontaine", "Claire Fontaine", "chef d'établissement, lycée sans clef", "commandez des clefs"},
	}},
	{"Académie", []Player{
		{"ndurand", "Nadia Durand", "assistance", "débloquez, livrez, suivez les commandes"},
		{"oauditeur", "Olivier Vidal", "auditeur", "lisez tout, ne changez rien"},
	}},
}

// Known finds a player; false for anybody else.
func Known(uid string) (Player, bool) {
	for _, group := range Groups {
		for _, player := range group.Players {
			if player.UID == uid {
				return player, true
			}
		}
	}
	return Player{}, false
}
