package tour

import (
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"

	"okey/internal/address"
	"okey/internal/cast"
	"okey/okey"
	"okey/server/web"
	"okey/sql"
)

// step is one thing to try. What is done is read from the database, but for the look into the engine, which the browser remembers; once
// done it stays so, whatever becomes of the request or the key.
type step struct {
	name, how string
	as        string                                // uid of who does it; empty: anybody
	done      func(sql.Milestones) bool             // nil: what the browser remembers
	behind    []okey.Stage                          // where a request stands that has this step behind it; empty: no matter
	do        string                                // on the link, for who may follow it
	to        func(p *Pages, r okey.Request) string // where it leads
	outside   bool                                  // that is no page of OKEY's: whoever becomes that person finds the link on home
}

var steps = []step{
	{
		name: "Léa Martin demande une clef", how: "Dites à quoi elle servira, au collège Les Mimosas, puis envoyez.", as: cast.Requester,
		done:   func(m sql.Milestones) bool { return m.Asked },
		behind: []okey.Stage{okey.AwaitingDecision, okey.AwaitingStock, okey.AwaitingCharter, okey.AwaitingHandover, okey.HandedOver},
		do:     "Demander une clef", to: func(*Pages, okey.Request) string { return address.Narrowed(address.PathAsk, cast.School) },
	},
	{
		name:    "Paul Roux répond par le courriel",
		how:     "Ouvrez le courriel qui lui est adressé, suivez son bouton, acceptez. Son accueil le permet aussi.",
		as:      cast.Head,
		done:    func(m sql.Milestones) bool { return m.Approved },
		behind:  []okey.Stage{okey.AwaitingStock, okey.AwaitingCharter, okey.AwaitingHandover, okey.HandedOver},
		do:      "Ouvrir la boîte aux lettres",
		to:      func(p *Pages, _ okey.Request) string { return p.inbox + "?q=" + url.QueryEscape(cast.HeadMail) },
		outside: true,
	},
	{
		name: "Léa Martin signe la charte", how: "Elle la lit et choisit son code PIN.", as: cast.Requester,
		done:   func(m sql.Milestones) bool { return m.Signed },
		behind: []okey.Stage{okey.AwaitingHandover, okey.HandedOver},
		do:     "Signer la charte", to: func(_ *Pages, r okey.Request) string { return address.SignedURL(r.ID) },
	},
	{
		name: "Paul Roux remet la clef", how: "Tapez les quatre derniers caractères du numéro que la page montre.", as: cast.Head,
		done:   func(m sql.Milestones) bool { return m.HandedOver },
		behind: []okey.Stage{okey.HandedOver},
		do:     "Remettre la clef", to: func(_ *Pages, r okey.Request) string { return address.CounterURL(r.ID, "") },
	},
	{
		name: "Regardez le moteur", how: "Temporal montre la même demande : chaque étape et chaque délai y sont gardés.",
		do: "Ouvrir la demande dans Temporal", to: func(*Pages, okey.Request) string { return address.PathTourEngine },
	},
}

// trial is the step of who has a key, where there is a server to try it with.
var trial = step{
	name: "Léa Martin essaie sa clef", as: cast.Requester,
	how:  "La boîte aux lettres montre ce qu'affiche la clef. Tapez son code PIN, puis ce nombre.",
	done: func(m sql.Milestones) bool { return m.Tried },
	do:   "Essayer la clef", to: func(*Pages, okey.Request) string { return address.PathMyTrial },
}

// way is the step that leads on to one: itself, or the first that the request followed has not behind it. A request that got no key leads
// nowhere: another is asked for, and what was done before stays done.
func way(steps []step, to int, r okey.Request) step {
	for _, s := range steps[:to] {
		if len(s.behind) > 0 && !slices.Contains(s.behind, r.Stage) {
			s.how = "D'abord : " + s.name + ". " + s.how
			return s
		}
	}
	return steps[to]
}

// followed is the request that the tour follows: that of who asks in it, where it takes place; zero for another school's, where nobody of
// the tour answers.
func followed(latest okey.Request) okey.Request {
	if latest.UAI != cast.School {
		return okey.Request{}
	}
	return latest
}

// elsewhere is the first step while a request at another school is in the way.
func elsewhere(latest okey.Request) step {
	first := steps[0]
	first.how = "Sa demande est pour un autre établissement. Retirez-la, puis demandez pour le collège Les Mimosas."
	first.do, first.to = "Voir sa demande", func(*Pages, okey.Request) string { return address.RequestURL(latest.ID) }
	return first
}

// guide is what every page shows. Where the request can't be read a page is none the worse for it.
func (p *Pages) guide(v *web.Visit) *web.Guide {
	lived, latest, err := p.store.Tour(v.Ctx(), cast.Requester, cast.School)
	if err != nil {
		slog.WarnContext(v.Ctx(), "the tour was not read", "error", err)
	}
	r := followed(latest)
	g := &web.Guide{
		Shown: !p.remembers(v, away), Groups: cast.Groups, Me: v.Actor.UID,
		Become: address.PathBecome, Visit: address.PathTour,
	}
	if v.Actor.Support || !v.Actor.Auditor { // whose home is the journal, a list
		g.Home, g.Whole = "/", v.Request.URL.Path == "/"
	}
	done := 0
	for i, s := range p.steps {
		one := web.GuideStep{Name: s.name, State: "next"}
		switch {
		case s.done == nil && p.remembers(v, looked), s.done != nil && s.done(lived):
			one.State = "done"
			done++
		case g.Next == nil:
			one.State = "now"
			g.Next = &web.GuideWay{Name: s.name}
			to := way(p.steps, i, r)
			if r.ID != latest.ID && !latest.Stage.Closed() {
				to = elsewhere(latest)
			}
			p.leads(v, to, r, g.Next)
		}
		g.Steps = append(g.Steps, one)
	}
	g.Said = fmt.Sprintf("%d sur %d", done, len(p.steps))
	return g
}

// leads fills in the way to a step: a link for whom it is for, else who to become first.
func (p *Pages) leads(v *web.Visit, s step, r okey.Request, one *web.GuideWay) {
	one.How, one.Do, one.Become = s.how, s.do, address.PathBecome
	switch {
	case s.outside && strings.HasPrefix(v.Request.URL.Path, address.PathDecide):
		one.How = "C'est ici, sur cette page : acceptez, puis envoyez." // whoever has the mail's link needs to become nobody
		return
	case s.as == "" || s.as == v.Actor.UID:
		one.Path = s.to(p, r)
		return
	}
	player, _ := cast.Known(s.as)
	one.As, one.Who, one.To = s.as, player.Name, "/"
	if !s.outside {
		one.To = s.to(p, r)
	}
}
