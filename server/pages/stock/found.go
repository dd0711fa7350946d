package stock

import (
	"cmp"
	"fmt"
	"strings"

	"okey/internal/address"
	"okey/okey"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

// inventoryList is what an inventory found, of one kind.
type inventoryList struct {
	Title, Hint string
	Lines       []inventoryKey
	kind        foundKind
}

type inventoryKey struct{ Path, Serial, State, Instead, Answer string }

// foundOnItsWay is, on pages, a finding of its own: unexpected keys whose delivery nobody has confirmed. They have arrived, that is
// all.
const foundOnItsWay okey.Finding = "on_its_way"

// foundBroken is another: keys that were declared defective. They do not go back to stock, as others do that OKEY believes
// elsewhere.
const foundBroken okey.Finding = "broken"

// foundKind is what is said of all keys of a finding.
type foundKind struct {
	finding     okey.Finding
	title, hint string
	compared    string // instead of the hint as long as nothing is saved: what would lead away from the comparison waits
}

// foundKinds are in the order of a page's lists: what needs something first.
var foundKinds = []foundKind{
	{
		okey.Missing, "Clefs manquantes",
		"Ces clefs devraient être là. Cherchez-les ; si elles sont introuvables, ouvrez leur page et déclarez-les perdues.",
		"Ces clefs devraient être là. Cherchez-les. " +
			"Si elles restent introuvables, enregistrez d'abord : la page suivante vous mène à chacune, pour la déclarer perdue.",
	},
	{
		foundOnItsWay, "Clefs dont l'arrivée n'est pas confirmée",
		"Ces clefs ont été annoncées et vous les avez : chaque numéro mène à sa livraison. " +
			"Confirmez ce qui est arrivé, et elles entrent en stock.",
		"Ces clefs ont été annoncées et vous les avez. " +
			"Enregistrez d'abord : la page suivante vous mène à leur livraison, pour la confirmer.",
	},
	{
		foundBroken, "Clefs défectueuses",
		"Ces clefs sont là, mais déclarées défectueuses : sortez-les du tiroir. " +
			"Ouvrez leur page : « Mise au rebut ». « Mettre en stock » n'est que pour celles qui marchent.",
		"Ces clefs sont là, mais déclarées défectueuses. " +
			"Enregistrez d'abord : la page suivante vous mène à chacune, pour la mettre au rebut.",
	},
	{
		okey.Unexpected, "Clefs inattendues",
		"Ces clefs sont là, mais OKEY les croit ailleurs. " +
			"Ouvrez leur page : « Mettre en stock » ou « Clef retrouvée ». Une clef au rebut ne revient que par l'assistance.",
		"Ces clefs sont là, mais OKEY les croit ailleurs. Enregistrez d'abord : la page suivante vous mène à chacune.",
	},
	{
		okey.FoundElsewhere, "Clefs d'un autre établissement",
		"Ces clefs appartiennent à un autre établissement : ne les remettez pas. L'assistance peut les déplacer ici.", "",
	},
	{
		okey.FoundUnknown, "Clefs inconnues d'OKEY",
		"OKEY ne connaissait pas ces clefs quand l'inventaire a été enregistré. " +
			"L'assistance répond pour chacune ; celles qu'elle confirme entrent en stock.",
		"OKEY ne connaît pas ces clefs. L'inventaire enregistré, l'assistance est prévenue : une fois confirmées, elles sont en stock.",
	},
	{okey.Found, "Clefs trouvées", "", ""},
}

func sayFinding(f okey.Finding) string {
	for _, kind := range foundKinds {
		if kind.finding == f {
			return kind.title
		}
	}
	return ""
}

// comparedLists are the lists of an inventory that is not saved yet: they lead nowhere.
func comparedLists(lines []okey.InventoryLine, proposed map[okey.Serial][]okey.Serial) []inventoryList {
	lists := inventoryLists(lines, proposed, nil)
	for i := range lists {
		lists[i].Hint = cmp.Or(lists[i].kind.compared, lists[i].Hint)
		for k := range lists[i].Lines {
			lists[i].Lines[k].Path = ""
		}
	}
	return lists
}

// inventoryLists say what was found; arrivals are where the keys that are still on their way are confirmed.
func inventoryLists(
	lines []okey.InventoryLine, proposed map[okey.Serial][]okey.Serial, arrivals map[okey.Serial]string,
) []inventoryList {
	var lists []inventoryList
	for _, kind := range foundKinds {
		list := inventoryList{Hint: kind.hint, kind: kind}
		for _, line := range lines {
			if findingOnPages(line) != kind.finding {
				continue
			}
			key := inventoryKey{Serial: string(line.Serial), Instead: strings.Join(web.Texts(proposed[line.Serial]), " ou ")}
			if kind.finding != okey.FoundElsewhere && kind.finding != okey.FoundUnknown {
				key.State, key.Path = line.State.French(), address.KeyURL(line.Serial)
			}
			if kind.finding == foundOnItsWay {
				key.Path = cmp.Or(arrivals[line.Serial], key.Path)
			}
			list.Lines = append(list.Lines, key)
		}
		if n := len(list.Lines); n > 0 {
			list.Title = fmt.Sprintf("%s : %d", kind.title, n)
			lists = append(lists, list)
		}
	}
	return lists
}

func findingOnPages(line okey.InventoryLine) okey.Finding {
	switch {
	case line.Finding == okey.Unexpected && line.State == okey.InTransit:
		return foundOnItsWay
	case line.Finding == okey.Unexpected && line.State == okey.Defective:
		return foundBroken
	}
	return line.Finding
}

// answerReports says beside each key that OKEY does not know what support has answered to the last report of it, if it was ever
// reported.
func (s *Pages) answerReports(v *web.Visit, lists []inventoryList, uai okey.UAI, inventory uuid.UUID) error {
	for _, list := range lists {
		if list.kind.finding != okey.FoundUnknown {
			continue
		}
		serials := make([]string, len(list.Lines))
		for i, line := range list.Lines {
			serials[i] = line.Serial
		}
		answers, err := s.store.LastReports(v.Ctx(), uai, inventory, serials)
		if err != nil {
			return err
		}
		for i, line := range list.Lines {
			r, reported := answers[okey.Serial(line.Serial)]
			if !reported {
				continue
			}
			list.Lines[i].Answer = sayReport(r, web.Paris(v))
			if r.State == okey.ReportConfirmed && inventory != uuid.Nil {
				list.Lines[i].Path = address.KeyURL(r.Serial)
			}
		}
	}
	return nil
}

// sayReport is what became of a reported key.
func sayReport(r sql.ListedReport, c web.Clock) string {
	if r.State == okey.ReportPending {
		return fmt.Sprintf("signalée %s, l'assistance n'a pas encore répondu", c.Day(r.At))
	}
	said := fmt.Sprintf("%s par l'assistance %s", r.State.French(), c.Day(r.DecidedAt))
	if r.Comment != "" {
		said += " : « " + r.Comment + " »"
	}
	return said
}

// confirmedAt is where keys of an inventory are confirmed that are on their way to the establishment until now, for those who may
// do it.
func (s *Pages) confirmedAt(v *web.Visit, uai okey.UAI, lines []okey.InventoryLine) (map[okey.Serial]string, error) {
	var unconfirmed []okey.Serial
	for _, line := range lines {
		if findingOnPages(line) == foundOnItsWay {
			unconfirmed = append(unconfirmed, line.Serial)
		}
	}
	if len(unconfirmed) == 0 || !s.may(v, okey.ActManageKeys, uai) {
		return nil, nil
	}
	deliveries, err := s.store.BringersOf(v.Ctx(), unconfirmed)
	paths := make(map[okey.Serial]string, len(deliveries))
	for serial, delivery := range deliveries {
		paths[serial] = address.ArrivalURL(delivery, uai)
	}
	return paths, err
}

// waitingReports says how many keys that inventories found wait for support; empty for none.
func (s *Pages) waitingReports(v *web.Visit, uai okey.UAI) (string, error) {
	n, err := s.store.WaitingReports(v.Ctx(), uai)
	if err != nil || n == 0 {
		return "", err
	}
	return fmt.Sprintf("%s %s à l'inventaire, qu'OKEY ne connaît pas : l'assistance n'a pas encore répondu.",
		okey.SayCount(n, "clef"), okey.SayEither(n, "trouvée", "trouvées")), nil
}
