package web

import (
	"fmt"
	"slices"

	"okey/okey"
	"okey/sql"
)

// endedFor is for how many days a person is told that a right of theirs has ended.
const endedFor = 30

// EndedRights says which rights the visitor has lost lately, each in a sentence; nothing of establishments for which they answer still.
func (s *Site) EndedRights(v *Visit) ([]string, error) {
	since := v.Today().AddDays(-endedFor)
	headed, lent, err := s.store.Rights(v.Ctx(), v.Actor.ID, since)
	if err != nil {
		return nil, err
	}
	ended := append(endedPosts(v, headed, since), endedDelegations(v, lent, since)...)
	return slices.Compact(slices.Sorted(slices.Values(ended))), nil
}

// endedPosts says which establishments the visitor heads no more, or no more as they were.
func endedPosts(v *Visit, headed []sql.HeadedSchool, since okey.Day) (said []string) {
	today, answers := v.Today(), v.Actor.Answers(v.Today())
	for _, h := range headed {
		school, left := okey.SayEstablishment(h.Name), h.LastDay()
		switch {
		case slices.Contains(answers, h.UAI) || slices.Contains(answers, h.Heir) || (!left.IsZero() && left.Before(since)):
		case h.Heir != "" && !h.ClosedOn().Before(since):
			said = append(said, fmt.Sprintf("%s (%s) a remplacé %s %s : sa direction y répond maintenant. "+
				"Remettez-lui les clefs qui restent dans votre tiroir, elles comptent parmi les siennes.",
				okey.Capitalize(okey.SayEstablishment(h.HeirName)), h.Heir, school, h.ClosedOn().Say(today)))
		case h.Heir == "" && !left.IsZero() && left.Before(today):
			said = append(said, fmt.Sprintf("Votre fonction de direction pour %s a pris fin %s.", school, left.Say(today)))
		}
	}
	return said
}

// endedDelegations says which delegations to the visitor are over; one that was called off before its first day gave no right.
func endedDelegations(v *Visit, lent []sql.ListedDelegation, since okey.Day) (said []string) {
	today, answers, zone := v.Today(), v.Actor.Answers(v.Today()), okey.ZoneOf("")
	for _, d := range lent {
		school := okey.SayEstablishment(d.School)
		if slices.Contains(answers, d.UAI) || d.CalledOff(today, zone) {
			continue
		}
		switch d.State(today) {
		case okey.DelegationEnded:
			if over := okey.DayOf(d.EndedAt, zone); !over.Before(since) {
				said = append(said, fmt.Sprintf("Votre délégation pour %s a pris fin %s.", school, over.Say(today)))
			}
		case okey.DelegationPast:
			said = append(said, fmt.Sprintf("Votre délégation pour %s a pris fin %s.", school, d.Until.Say(today)))
		case okey.DelegationLapsed:
			said = append(said, fmt.Sprintf("Votre délégation pour %s n'a plus d'effet : %s.", school, SayLeft(d, today)))
		}
	}
	return said
}

// SayLeft names whose leaving a delegation has not outlived.
func SayLeft(d sql.ListedDelegation, today okey.Day) string {
	giver, holder := d.Left(today)
	leaves := " n'est plus en fonction ici"
	if !d.Valid.Before(today) { // zero comes before any day
		leaves = " quitte sa fonction ici avant ce jour"
	}
	switch {
	case giver:
		return d.ByName + leaves
	case holder:
		return d.ToName + leaves
	}
	return "l'établissement a été remplacé"
}
