package demo

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"okey/mail"
	"okey/okey"
	"okey/server/act"
	"okey/sql"
)

// asks plans that somebody asks, where they may then.
func (y *year) asks(p *person, at time.Time, f fate, reason okey.RequestReason) {
	need := needs[y.luck.IntN(len(needs))]
	y.plan(at, func(ctx context.Context, at time.Time) error {
		return y.ask(ctx, at, &request{fate: f, person: p}, need, reason)
	})
}

func (y *year) ask(ctx context.Context, at time.Time, r *request, need string, reason okey.RequestReason) error {
	p := r.person
	renewal := reason == okey.Renewal
	if p.open != nil || p.left || (p.key != "") != renewal || renewal && p.ends.IsZero() { // that key may be another one by then
		return nil
	}
	a, err := y.act(ctx, at, p, act.Command{
		Name: okey.ActionAsk, Via: okey.ViaWeb, Content: okey.Content{Establishment: p.school.UAI, Need: need, Reason: reason},
	}, nil)
	if err != nil || !a.Verdict.Accepted {
		return err
	}
	r.id, p.open = a.Request, r
	y.asked[r.id] = r
	y.follow(r, at, a.Verdict.Standing)
	return nil
}

// opens plans a request that waits at a stage as the year ends.
func (y *year) opens(s *school, asked int, stage okey.Stage, bounces bool) *person {
	s.opened++
	p := s.staff[len(s.staff)-s.coming-s.opened]
	r := &request{fate: fate{stalls: stage}, person: p, quick: true}
	need := needs[y.luck.IntN(len(needs))]
	at := y.before(s, asked, 8)
	if bounces { // within the two weeks that support's page looks back, and beyond the one of the doctor
		at = y.clock(y.end.AddDate(0, 0, -10), s)
		y.once(at.Add(time.Hour), func(ctx context.Context, at time.Time) error { return y.comesBack(ctx, at, r) })
	}
	y.plan(at, func(ctx context.Context, at time.Time) error { return y.ask(ctx, at, r, need, okey.FirstKey) })
	return p
}

// renews plans that somebody whose key ends asks for the next one. One whose key ends soon has not thought of it.
func (y *year) renews(p *person) {
	if y.late == nil && p.ends.After(y.end) && p.ends.Before(y.end.AddDate(0, 0, 45)) {
		y.late = p
		return
	}
	if at := p.ends.AddDate(0, 0, -10-y.luck.IntN(70)); at.After(y.start) && y.luck.IntN(5) > 0 {
		y.asks(p, y.later(at, 1, p.school), served, okey.Renewal)
	}
}

// live has people do what a request waits for.
func (y *year) live(r *request, at time.Time) {
	s := r.person.school
	wait := func(stage okey.Stage) time.Time {
		if r.quick {
			return y.later(at, 0, s)
		}
		days := delays[stage]
		return y.later(at, days[y.luck.IntN(len(days))]*s.pace, s)
	}
	do, known := does[r.stage]
	turn := r.turn
	switch {
	case r.person.left:
		y.ends(r, at)
		return
	case r.stalls == r.stage || !known && r.withdraw != r.stage:
		return
	case r.withdraw == r.stage:
		do = withdraw
	case r.support && r.stage == okey.AwaitingDecision:
		y.plan(y.later(at, 11, s), func(ctx context.Context, at time.Time) error { return y.take(ctx, at, r, turn, do) })
		return
	}
	y.plan(wait(r.stage), func(ctx context.Context, at time.Time) error { return y.take(ctx, at, r, turn, do) })
}

// deed is what somebody does for a request.
type deed func(y *year, at time.Time, r *request) (by *person, cmd act.Command, fill func(ctx context.Context, cmd *act.Command) error)

var does = map[okey.Stage]deed{okey.AwaitingDecision: decide, okey.AwaitingCharter: sign, okey.AwaitingHandover: handOver}

func (y *year) take(ctx context.Context, at time.Time, r *request, turn int, do deed) error {
	if r.turn != turn {
		return nil
	}
	if r.person.left {
		do = closes // it was planned before they left
	}
	by, cmd, fill := do(y, at, r)
	cmd.Request = r.id
	a, err := y.act(ctx, at, by, cmd, func(cmd *act.Command) error {
		if fill == nil {
			return nil
		}
		return fill(ctx, cmd)
	})
	if err != nil || !a.Verdict.Accepted {
		return err
	}
	if a.Verdict.Standing.Stage == okey.HandedOver {
		r.person.key, r.person.got, r.person.ends = a.Content.Serial, at, time.Time{}
	}
	y.follow(r, at, a.Verdict.Standing)
	return nil
}

func decide(y *year, at time.Time, r *request) (*person, act.Command, func(context.Context, *act.Command) error) {
	cmd := act.Command{Name: okey.ActionOf(okey.PrincipalDecision), Via: okey.ViaWeb, Content: okey.Content{Decision: okey.Approve}}
	if y.luck.IntN(5) > 1 {
		cmd.Via = okey.ViaLink
	}
	if r.refuses {
		cmd.Content = okey.Content{Decision: okey.Refuse, Comment: refusals[y.luck.IntN(len(refusals))]}
	}
	if r.support {
		cmd.Via, cmd.Content.Comment = okey.ViaSupport, "Sans réponse de l'établissement depuis deux semaines."
		return y.support, cmd, nil
	}
	return y.answers(r, at), cmd, nil
}

func sign(_ *year, _ time.Time, r *request) (*person, act.Command, func(context.Context, *act.Command) error) {
	cmd := act.Command{Name: okey.ActionOf(okey.CharterAndPIN), Via: okey.ViaWeb, PIN: pinOf(r.person), Content: okey.Content{Charter: 1}}
	return r.person, cmd, nil
}

// pinOf is a PIN that nobody need know.
func pinOf(p *person) string {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(p.UID)) // never fails
	if pin := fmt.Sprintf("%06d", sum.Sum32()%1_000_000); okey.CheckPIN(pin, "") == nil {
		return pin
	}
	return "702914"
}

func handOver(y *year, at time.Time, r *request) (*person, act.Command, func(context.Context, *act.Command) error) {
	cmd := act.Command{Name: okey.ActionOf(okey.Handover), Via: okey.ViaWeb}
	return y.answers(r, at), cmd, func(ctx context.Context, cmd *act.Command) error {
		kept, err := y.Store.Request(ctx, r.id)
		cmd.Content.Serial = kept.Key
		return err
	}
}

func withdraw(_ *year, _ time.Time, r *request) (*person, act.Command, func(context.Context, *act.Command) error) {
	cmd := act.Command{Name: okey.ActionOf(okey.Withdrawal), Via: okey.ViaWeb, Content: okey.Content{Comment: "Je n'en ai plus besoin."}}
	return r.person, cmd, nil
}

// ends plans that the request of somebody who has left is closed, wherever it stands.
func (y *year) ends(r *request, at time.Time) {
	turn := r.turn
	y.plan(y.later(at, 1, r.person.school), func(ctx context.Context, at time.Time) error { return y.take(ctx, at, r, turn, closes) })
}

// closes is what becomes of the request of somebody who has left: whoever answers for the school ends it.
func closes(y *year, at time.Time, r *request) (*person, act.Command, func(context.Context, *act.Command) error) {
	cmd := act.Command{Name: okey.ActionOf(okey.Withdrawal), Via: okey.ViaWeb}
	if r.stage == okey.AwaitingDecision {
		cmd.Name, cmd.Content.Decision = okey.ActionOf(okey.PrincipalDecision), okey.Refuse
	}
	cmd.Content.Comment = "A quitté l'établissement."
	return y.answers(r, at), cmd, nil
}

// answers is somebody who answers for a request's school then, but never its person.
func (y *year) answers(r *request, at time.Time) *person {
	s := r.person.school
	var who []*person
	for _, head := range s.heads {
		if head != r.person {
			who = append(who, head)
		}
	}
	for _, l := range s.lent {
		if l.to != r.person && at.After(l.from) && at.Before(l.until) {
			who = append(who, l.to)
		}
	}
	return who[y.luck.IntN(len(who))]
}

// closed lets its person go on, and perhaps ask once more.
func (y *year) closed(r *request, at time.Time) {
	p := r.person
	p.open, r.since = nil, at
	if p.key == "" && p.school.ofYear() && y.luck.IntN(3) > 0 {
		y.asks(p, y.later(at, 3+y.luck.IntN(15), p.school), served, okey.FirstKey)
	}
}

// comesBack has one letter of a request come back, with the report that a mail server writes of it.
func (y *year) comesBack(ctx context.Context, at time.Time, r *request) error {
	sent, err := y.Store.MailsOf(ctx, r.id)
	if err != nil {
		return err
	}
	slices.SortStableFunc(sent, func(a, b sql.Mail) int { return strings.Compare(a.Address, b.Address) }) // ids differ each time
	if len(sent) == 0 {
		return nil
	}
	m := sent[0]
	report, err := mail.ReadReport(strings.NewReader(strings.ReplaceAll(fmt.Sprintf(bounce, m.Address), "\n", "\r\n")))
	if err != nil {
		return err
	}
	fate, why := report.About(m.Address)
	_, err = y.Store.MailCameBack(ctx, sql.Bounce{Mail: m.ID, Why: why, Passes: fate == mail.FatePasses, At: at})
	return err
}

const bounce = `From: postmaster@ac-grenoble.fr
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.ac-grenoble.fr

Final-Recipient: rfc822; %s
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 Recipient address rejected: User unknown

--b--
`
