package server

import (
	"fmt"
	"slices"

	"okey"
)

// endedFor is for how many days a person is told that a right of theirs has ended.
const endedFor = 30

// endedRights says which rights the visitor has lost lately, each in a sentence; nothing of establishments for which they answer still.
func (s *Server) endedRights(v *visit) ([]string, error) {
	today := v.today()
	ended, err := s.store.EndedRights(v.ctx(), v.Actor.ID, today.AddDays(-endedFor), today)
	if err != nil {
		return nil, err
	}
	answers := v.Actor.Answers(today)
	var said []string
	for _, right := range ended {
		if slices.Contains(answers, right.UAI) || slices.Contains(answers, right.Heir) {
			continue
		}
		on := ""
		if !right.On.IsZero() {
			on = " " + right.On.Say(today)
		}
		school := okey.SayEstablishment(right.School)
		line := ""
		switch {
		case right.Heir != "":
			line = fmt.Sprintf("%s (%s) a remplacé %s%s : sa direction y répond désormais. Remettez-lui les clefs qui restent dans votre tiroir, elles comptent parmi les siennes.",
				okey.Capitalize(okey.SayEstablishment(right.HeirName)), right.Heir, school, on)
		case right.Delegated && on == "":
			line = fmt.Sprintf("Votre délégation pour %s n'a plus d'effet : vous, ou qui vous l'a donnée, n'y êtes plus en fonction.", school)
		case right.Delegated:
			line = fmt.Sprintf("Votre délégation pour %s a pris fin%s.", school, on)
		default:
			line = fmt.Sprintf("Votre fonction de direction pour %s a pris fin%s.", school, on)
		}
		if !slices.Contains(said, line) {
			said = append(said, line)
		}
	}
	return said, nil
}
