package sql

import (
	"context"
	"fmt"
	"strings"
	"time"

	"okey/okey"

	"github.com/lib/pq"
)

// House is what awaits whoever answers for establishments.
type House struct {
	Schools     []HouseSchool // by name
	Answer      AwaitedList   // requests that await an answer
	Hand        AwaitedList   // keys that await their person
	Deliveries  []Delivery    // to confirm
	Moves       []AwaitedMove // people who arrive with their key
	Delegations []ListedDelegation
	Loans       []Loan // that still run, the first to end first
}

// Loan is a key that is somebody's for some days.
type Loan struct {
	UAI    okey.UAI
	Serial okey.Serial
	Holder string // their name
	Until  time.Time
}

// HouseSchool is an establishment, and how it stands.
type HouseSchool struct {
	Place
	Served   bool
	Needs    okey.Needs
	Orders   UnderWay
	Followed map[KeyWatch]int // keys to see to
}

// UnderWay are an establishment's open orders.
type UnderWay struct {
	Orders, Missing int // and the keys that they still wait for
	Noted           int // keys received, by hand, that are not in stock yet
}

// HouseOf says whose house it is: the schools that it tells of and, among them, where the reader may do what.
type HouseOf struct {
	Reach                   Reach
	Schools, Decides, Hands []okey.UAI
	Heads                   []okey.UAI // by function; whether they head them today, the reader finds by the schools' own day
	Now                     time.Time
	Lines                   int // of a list, at most
	Delegations             int // at most
	Loans                   int // at most
}

type houseRow struct {
	placeRow
	needsRow
	Served  bool `db:"served"`
	Left    int  `db:"holder_left"`
	Ending  int  `db:"ending"`
	Broken  int  `db:"broken"`
	Mislaid int  `db:"mislaid"`
	Lent    int  `db:"lent"`
	Over    int  `db:"loans_over"`
	Orders  int  `db:"orders"`
	Missing int  `db:"missing"`
	Noted   int  `db:"noted"`
}

func (h houseRow) school() HouseSchool {
	return HouseSchool{
		Place: h.place(), Served: h.Served, Needs: okey.Needs(h.needsRow), Orders: UnderWay{h.Orders, h.Missing, h.Noted},
		Followed: map[KeyWatch]int{
			WatchedLeft: h.Left, WatchedEnding: h.Ending, WatchedBroken: h.Broken, WatchedMislaid: h.Mislaid,
			WatchedLent: h.Lent, WatchedLoans: h.Over,
		},
	}
}

// house tells of schools; days of keys to see to are those of Paris ($5, $6), of the needs those of the school's academy ($7 to $9). Each
// school's keys are read once, and the list of schools is within a question of its own: else the plan for just so many would look cheaper
// than the one that is kept, and planning takes longer than answering.
var house = `SELECT ` + placeColumns + `, e.served, ` + needsColumns + `,
	c.holder_left, c.ending, c.broken, c.mislaid, c.lent, c.loans_over,
	o.orders, o.missing, o.noted
	FROM establishment e
	CROSS JOIN LATERAL (SELECT $2 OR coalesce(e.host, e.uai) = ANY ($3) AS seen, d.renewed, d.lendable
		FROM unnest($7::text[], $8::date[], $9::date[]) AS d (academy, renewed, lendable)
		WHERE d.academy IN (e.academy, '') ORDER BY d.academy DESC LIMIT 1) at
	CROSS JOIN LATERAL (SELECT ` + keysCounted + `,
		count(*) FILTER (WHERE k.shown AND ` + strings.ReplaceAll(hasLeft, "$1", "$5") + `) AS holder_left,
		count(*) FILTER (WHERE k.shown AND k.state = 'in_service' AND k.expires_on <= $6::date) AS ending,
		count(*) FILTER (WHERE k.shown AND k.state = 'defective' AND ` + inAPocket + `) AS broken,
		count(*) FILTER (WHERE k.shown AND k.state = 'suspended') AS mislaid,
		count(*) FILTER (WHERE k.shown AND k.state = 'lent' AND k.due_at > $10) AS lent,
		count(*) FILTER (WHERE k.shown AND ` + strings.ReplaceAll(loansOver, "$1", "$10") + `) AS loans_over
		FROM (SELECT k.*, at.seen OR k.holder = $4 AS shown FROM key k WHERE k.uai = e.uai) k) c
	CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE o.closed_at IS NULL AND at.seen) AS orders,
		coalesce(sum(o.quantity - o.received) FILTER (WHERE o.closed_at IS NULL AND at.seen), 0) AS missing,
		coalesce(sum(o.noted), 0) AS noted FROM key_order o WHERE o.uai = e.uai) o
	WHERE e.uai = ANY (ARRAY(SELECT unnest($1::text[]))) ORDER BY e.name, e.uai`

type loanRow struct {
	UAI    okey.UAI    `db:"uai"`
	Serial okey.Serial `db:"serial"`
	Given  string      `db:"given_name"`
	Family string      `db:"family_name"`
	Until  time.Time   `db:"due_at"`
}

func (l loanRow) loan() Loan {
	return Loan{UAI: l.UAI, Serial: l.Serial, Holder: okey.Person{GivenName: l.Given, FamilyName: l.Family}.Name(), Until: l.Until}
}

const loansRunning = `SELECT k.uai, k.serial, p.given_name, p.family_name, k.due_at FROM key k JOIN person p ON p.id = k.holder
	WHERE k.uai = ANY ($1) AND k.state = 'lent' AND k.due_at > $2 ORDER BY k.due_at, k.serial LIMIT $3`

// House reads it.
func (r reader) House(ctx context.Context, of HouseOf) (House, error) {
	var h House
	reach, person, today := of.Reach, of.Reach.Person, okey.DayOf(of.Now, okey.ZoneOf(""))
	academies, renewed, lendable := []string{""}, []string{today.AddMonths(okey.RenewalMonths).String()}, []string{
		today.AddMonths(okey.LendableMonths).String(),
	}
	for _, a := range okey.Academies() {
		there := okey.DayOf(of.Now, a.Location())
		academies, renewed = append(academies, a.Code), append(renewed, there.AddMonths(okey.RenewalMonths).String())
		lendable = append(lendable, there.AddMonths(okey.LendableMonths).String())
	}
	answers := pq.Array(texts(reach.UAIs))
	err := r.together(
		ctx,
		list(&h.Schools, houseRow.school, house, pq.Array(texts(of.Schools)), reach.All, answers, person, today.String(),
			today.AddMonths(okey.RenewalMonths).String(), pq.Array(academies), pq.Array(renewed), pq.Array(lendable), of.Now),
		awaited(&h.Answer, answered, of.Decides, okey.AwaitingDecision, person, of.Lines),
		awaited(&h.Hand, answered, of.Hands, okey.AwaitingHandover, person, of.Lines),
		list(&h.Deliveries, deliveryRow.delivery, awaitedDeliveries, answers),
		list(&h.Moves, awaitedMoveRow.awaited, movesAwaiting, answers, person, of.Lines),
		list(&h.Loans, loanRow.loan, loansRunning, answers, of.Now, of.Loans),
		list(&h.Delegations, delegationRow.delegation, delegationsAt, pq.Array(texts(of.Heads)), today.String(), of.Delegations),
	)
	if err != nil {
		return House{}, fmt.Errorf("read what awaits who answers: %w", err)
	}
	return h, nil
}
