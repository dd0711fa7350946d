package tour

import (
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"okey/internal/address"
	"okey/internal/cast"
	"okey/okey"
	"okey/server/web"
)

// step is one thing to try. What is done is read from the database, but for the look into the engine, which the browser remembers.
type step struct {
	name, how string
	as        string // uid of who does it; empty: anybody
	done      func(p *Pages, v *web.Visit, r okey.Request) bool
	do        string                                // on the link, for who may follow it
	to        func(p *Pages, r okey.Request) string // where it leads
	outside   bool                                  // that is no page of OKEY's: whoever becomes that person finds the link on home
}

var steps = []step{
	{
		name: "Léa Martin demande une clef", how: "Dites à quoi elle servira, au collège Les Mimosas, puis envoyez.", as: cast.Requester,
		done: reached(okey.AwaitingDecision, okey.AwaitingStock, okey.AwaitingCharter, okey.AwaitingHandover, okey.HandedOver),
		do:   "Demander une clef", to: func(*Pages, okey.Request) string { return address.Narrowed(address.PathAsk, cast.School) },
	},
	{
		name: "Paul Roux répond par le courriel", how: "Ouvrez le courriel qui lui est adressé, suivez son bouton, acceptez.",
		as:      cast.Head,
		done:    reached(okey.AwaitingStock, okey.AwaitingCharter, okey.AwaitingHandover, okey.HandedOver),
		do:      "Ouvrir la boîte aux lettres",
		to:      func(p *Pages, _ okey.Request) string { return p.inbox + "?q=" + url.QueryEscape(cast.HeadMail) },
		outside: true,
	},
	{
		name: "Léa Martin signe la charte", how: "Elle la lit et choisit son code PIN.", as: cast.Requester,
		done: reached(okey.AwaitingHandover, okey.HandedOver),
		do:   "Signer la charte", to: func(_ *Pages, r okey.Request) string { return address.SignedURL(r.ID) },
	},
	{
		name: "Paul Roux remet la clef", how: "Tapez les quatre derniers caractères du numéro que la page montre.", as: cast.Head,
		done: reached(okey.HandedOver),
		do:   "Remettre la clef", to: func(_ *Pages, r okey.Request) string { return address.CounterURL(r.ID, "") },
	},
	{
		name: "Regardez le moteur", how: "Temporal montre la même demande : chaque étape et chaque délai y sont gardés.",
		done: func(p *Pages, v *web.Visit, r okey.Request) bool { return begun(r) && p.remembers(v, looked) },
		do:   "Ouvrir la demande dans Temporal", to: func(*Pages, okey.Request) string { return address.PathTourEngine },
	},
}

// trial is the step of who has a key, where there is a server to try it with.
var trial = step{
	name: "Léa Martin essaie sa clef", as: cast.Requester,
	how: "La boîte aux lettres montre ce qu'affiche la clef. Tapez son code PIN, puis ce nombre.",
	done: func(p *Pages, v *web.Visit, r okey.Request) bool {
		if r.Stage != okey.HandedOver {
			return false
		}
		tried, err := p.store.HasTried(v.Ctx(), r.ID)
		if err != nil {
			slog.WarnContext(v.Ctx(), "the tour's trial was not read", "error", err)
		}
		return tried
	},
	do: "Essayer la clef", to: func(*Pages, okey.Request) string { return address.PathMyTrial },
}

// begun tells whether the tour's request is under way or has come to its end. One that got no key leads nowhere: the tour begins again.
func begun(r okey.Request) bool {
	return r.Stage != "" && (!r.Stage.Closed() || r.Stage == okey.HandedOver)
}

// reached is for a step that is done from some stages on.
func reached(stages ...okey.Stage) func(*Pages, *web.Visit, okey.Request) bool {
	return func(_ *Pages, _ *web.Visit, r okey.Request) bool {
		for _, stage := range stages {
			if r.Stage == stage {
				return true
			}
		}
		return false
	}
}

// followed is the request that the tour follows: the newest of who asks in it, where it takes place; zero for another school's, where
// nobody of the tour answers.
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
	latest, err := p.store.LatestRequestOf(v.Ctx(), cast.Requester)
	if err != nil && okey.ErrorCode(err) != okey.CodeNotFound {
		slog.WarnContext(v.Ctx(), "the tour's request was not read", "error", err)
	}
	r := followed(latest)
	g := &web.Guide{
		Shown: !p.remembers(v, away), Whole: v.Request.URL.Path == "/", Groups: cast.Groups, Me: v.Actor.UID,
		Become: address.PathBecome, Visit: address.PathTour,
	}
	done := 0
	for i, s := range p.steps {
		if i == 0 && r.ID != latest.ID && begun(latest) && !latest.Stage.Closed() {
			s = elsewhere(latest)
		}
		one := web.GuideStep{Name: s.name, How: s.how, State: "next", Do: s.do, Become: address.PathBecome}
		switch {
		case s.done(p, v, r):
			one.State = "done"
			done++
		case g.Next == nil:
			one.State = "now"
			p.leads(v, s, r, &one)
			next := one
			g.Next = &next
		}
		g.Steps = append(g.Steps, one)
	}
	g.Said = fmt.Sprintf("%d sur %d", done, len(p.steps))
	return g
}

// leads fills in the way to a step: a link for whom it is for, else who to become first.
func (p *Pages) leads(v *web.Visit, s step, r okey.Request, one *web.GuideStep) {
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
