package stock

import (
	"fmt"
	"strings"

	"okey/okey"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

// inventoryList is what an inventory found, of one kind.
type inventoryList struct {
	Finding     okey.Finding
	Title, Hint string
	Lines       []inventoryKey
}

type inventoryKey struct{ Path, Serial, State, Instead, Answer string }

// foundOnItsWay is, on pages, a finding of its own: unexpected keys whose delivery nobody has confirmed. They have arrived, that is all.
const foundOnItsWay okey.Finding = "on_its_way"

// foundBroken is another: keys that were declared defective. They do not go back to stock, as others do that OKEY believes elsewhere.
const foundBroken okey.Finding = "broken"

var findingTitles = map[okey.Finding]string{
	okey.Found: "Clefs trouvées", okey.Missing: "Clefs manquantes", okey.Unexpected: "Clefs inattendues", foundOnItsWay: "Clefs dont l'arrivée n'est pas confirmée",
	foundBroken:         "Clefs défectueuses",
	okey.FoundElsewhere: "Clefs d'un autre établissement", okey.FoundUnknown: "Clefs inconnues d'OKEY",
}

var findingHints = map[okey.Finding]string{
	okey.Missing:        "Ces clefs devraient être là. Cherchez-les ; si elles sont introuvables, ouvrez leur page et déclarez-les perdues.",
	okey.Unexpected:     "Ces clefs sont là, mais OKEY les croit ailleurs. Ouvrez leur page : « Mettre en stock » ou « Clef retrouvée ». Une clef au rebut ne revient que par l'assistance.",
	foundOnItsWay:       "Ces clefs ont été annoncées et vous les avez : chaque numéro mène à sa livraison. Confirmez ce qui est arrivé, et elles entrent en stock.",
	okey.FoundElsewhere: "Ces clefs appartiennent à un autre établissement : ne les remettez pas. L'assistance peut les déplacer ici.",
	foundBroken:         "Ces clefs sont là, mais déclarées défectueuses : sortez-les du tiroir. Ouvrez leur page : « Mise au rebut ». « Mettre en stock » n'est que pour celles qui marchent.",
	okey.FoundUnknown:   "OKEY ne connaissait pas ces clefs quand l'inventaire a été enregistré. L'assistance répond pour chacune ; celles qu'elle confirme entrent en stock.",
}

// comparedHints stand in a comparison: what would lead away from it waits until it is saved.
var comparedHints = map[okey.Finding]string{
	okey.FoundUnknown: "OKEY ne connaît pas ces clefs. L'inventaire enregistré, l'assistance est prévenue : une fois confirmées, elles sont en stock.",
	okey.Missing:      "Ces clefs devraient être là. Cherchez-les. Si elles restent introuvables, enregistrez d'abord : la page suivante vous mène à chacune, pour la déclarer perdue.",
	okey.Unexpected:   "Ces clefs sont là, mais OKEY les croit ailleurs. Enregistrez d'abord : la page suivante vous mène à chacune.",
	foundBroken:       "Ces clefs sont là, mais déclarées défectueuses. Enregistrez d'abord : la page suivante vous mène à chacune, pour la mettre au rebut.",
	foundOnItsWay:     "Ces clefs ont été annoncées et vous les avez. Enregistrez d'abord : la page suivante vous mène à leur livraison, pour la confirmer.",
}

// comparedLists are the lists of an inventory that is not saved yet: they lead nowhere.
func comparedLists(lines []okey.InventoryLine, proposed map[okey.Serial][]okey.Serial) []inventoryList {
	lists := inventoryLists(lines, proposed, nil)
	for i := range lists {
		if hint := comparedHints[lists[i].Finding]; hint != "" {
			lists[i].Hint = hint
		}
		for k := range lists[i].Lines {
			lists[i].Lines[k].Path = ""
		}
	}
	return lists
}

// inventoryLists say what was found, what needs something first; arrivals are where those that are still on their way are confirmed.
func inventoryLists(lines []okey.InventoryLine, proposed map[okey.Serial][]okey.Serial, arrivals map[okey.Serial]string) []inventoryList {
	var lists []inventoryList
	for _, finding := range []okey.Finding{okey.Missing, foundOnItsWay, foundBroken, okey.Unexpected, okey.FoundElsewhere, okey.FoundUnknown, okey.Found} {
		list := inventoryList{Finding: finding, Hint: findingHints[finding]}
		for _, line := range lines {
			if findingOnPages(line) != finding {
				continue
			}
			key := inventoryKey{Serial: string(line.Serial), State: line.State.French(), Path: web.KeyURL(line.Serial), Instead: strings.Join(web.Texts(proposed[line.Serial]), " ou ")}
			if path := arrivals[line.Serial]; finding == foundOnItsWay && path != "" {
				key.Path = path
			}
			if finding == okey.FoundElsewhere || finding == okey.FoundUnknown {
				key.Path, key.State = "", ""
			}
			list.Lines = append(list.Lines, key)
		}
		if n := len(list.Lines); n > 0 {
			list.Title = fmt.Sprintf("%s : %d", findingTitles[finding], n)
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

// answerReports says beside each key that OKEY does not know what support has answered to the last report of it, if it was ever reported.
func (s *Pages) answerReports(v *web.Visit, lists []inventoryList, uai okey.UAI, inventory uuid.UUID) error {
	for _, list := range lists {
		if list.Finding != okey.FoundUnknown {
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
				list.Lines[i].Path = web.KeyURL(r.Serial)
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

// confirmedAt is where keys of an inventory are confirmed that are on their way to the establishment until now, for those who may do it.
func (s *Pages) confirmedAt(v *web.Visit, uai okey.UAI, lines []okey.InventoryLine) (map[okey.Serial]string, error) {
	var unconfirmed []okey.Serial
	for _, line := range lines {
		if findingOnPages(line) == foundOnItsWay {
			unconfirmed = append(unconfirmed, line.Serial)
		}
	}
	if len(unconfirmed) == 0 || s.act.PermitAt(v.Ctx(), v.Actor, okey.ActManageKeys, uai) != nil {
		return nil, nil //nolint:nilerr // the table says no: it is not theirs to confirm
	}
	deliveries, err := s.store.BringersOf(v.Ctx(), unconfirmed)
	paths := make(map[okey.Serial]string, len(deliveries))
	for serial, delivery := range deliveries {
		paths[serial] = web.ArrivalURL(delivery, uai)
	}
	return paths, err
}

// waitingReports says how many keys that inventories found wait for support; empty for none.
func (s *Pages) waitingReports(v *web.Visit, uai okey.UAI) (string, error) {
	n, err := s.store.WaitingReports(v.Ctx(), uai)
	if err != nil || n == 0 {
		return "", err
	}
	return fmt.Sprintf("%s %s à l'inventaire, qu'OKEY ne connaît pas : l'assistance n'a pas encore répondu.", okey.SayCount(n, "clef"), okey.SayEither(n, "trouvée", "trouvées")), nil
}
