package sql

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"okey/okey"

	"github.com/google/uuid"
)

// Dossier is what the page of a request tells besides.
type Dossier struct {
	Events  []okey.Event        // oldest first
	Names   map[okey.UAI]string // of the establishments that it went to
	Old     []okey.Serial       // keys that its own replaces, at its handover
	Pending []okey.Action       // oldest first
	Free    int                 // keys that the establishment may lend on the day
	Line    Line                // where it waits for a key
	Needs   okey.Needs          // alike
	Due     []okey.Deadline     // while it stands where it does
	Trials  []okey.Trial        // of the key that awaits its handover, and of those before it; latest first
}

// DossierOf reads it.
func (r reader) DossierOf(ctx context.Context, request okey.Request, today okey.Day) (Dossier, error) {
	var d Dossier
	var moved []nameRow
	var due []byte
	questions := []question{
		list(&d.Events, eventRow.event, timeline, request.ID),
		rows(&moved, `SELECT e.uai, e.name FROM timeline t JOIN establishment e ON e.uai = t.comment
			WHERE t.request = $1 AND t.kind = 'moved'`, request.ID),
		list(&d.Pending, actionRow.legible, pendingOn, request.ID),
		one(&d.Free, freeKeys, request.UAI, today.AddMonths(okey.LendableMonths).String()),
		one(&due, deadlines, request.ID, request.Turn),
	}
	if request.Stage == okey.AwaitingHandover {
		questions = append(questions, list(&d.Trials, trialRow.trial, trialsFor, request.ID))
	}
	switch {
	case request.Stage == okey.AwaitingStock:
		needed := (*needsRow)(&d.Needs)
		questions = append(questions, one(&d.Line, lineAt, request.UAI, request.ID), one(needed, needs, needsAt(request.UAI, today)...))
	case request.Reason == okey.Renewal && request.Stage == okey.HandedOver:
		questions = append(questions, rows(&d.Old, retiredAtHandover, request.ID))
	case request.Reason == okey.Renewal && request.Stage == okey.AwaitingHandover:
		questions = append(questions, list(&d.Old, func(k keyRow) okey.Serial { return k.Serial }, keysBrought, request.Person))
	}
	if err := r.together(ctx, questions...); err != nil {
		return d, fmt.Errorf("read the dossier of request %s: %w", request.ID, err)
	}
	d.Names = named(moved)
	if len(due) > 0 {
		if err := json.Unmarshal(due, &d.Due); err != nil {
			return d, fmt.Errorf("read what is due for request %s: %w", request.ID, err)
		}
	}
	return d, nil
}

// Mine is what the first page tells somebody of their own request and keys.
type Mine struct {
	Held    []okey.Key          // the one that expires last first
	PINs    []KeptPIN           // as PINsOf
	Gone    []GoneKey           // declared lost or defective in their hands since the instant, latest first
	Latest  okey.Request        // open or not; zero where they never made one
	Place   Place               // of that request
	Signed  uuid.UUID           // the request for which they have signed last; zero for none
	Schools map[okey.UAI]string // names of those to which the held keys belong
	Asked   time.Time           // when they asked for a key, and were told that it is recorded; zero where nothing waits to be judged
}

// MineOf reads it.
func (r reader) MineOf(ctx context.Context, person okey.PersonID, since time.Time) (Mine, error) {
	const latest = ` WHERE r.person = $1 ORDER BY r.closed_at IS NULL DESC, r.asked_at DESC, r.id LIMIT 1`
	var m Mine
	var request requestRow
	var place placeRow
	var schools []nameRow
	var asked []struct {
		At time.Time `db:"created_at"`
	}
	err := r.together(
		ctx,
		list(&m.Held, keyRow.key, keysHeld, person),
		list(&m.PINs, keptRow.kept, pinsOf, person),
		rows(&m.Gone, goneFrom, person, since),
		one(&request, `SELECT `+requestColumns+requestTables+latest, person),
		one(&place, `SELECT `+placeColumns+` FROM establishment e WHERE e.uai = (SELECT r.uai FROM request r`+latest+`)`, person),
		one(&m.Signed, `SELECT id FROM request WHERE person = $1 AND signed_at IS NOT NULL ORDER BY signed_at DESC, id LIMIT 1`, person),
		rows(&schools, `SELECT uai, name FROM establishment WHERE uai IN (SELECT uai FROM key WHERE holder = $1)`, person),
		rows(&asked, `SELECT created_at FROM action WHERE outcome IS NULL AND by_person = $1 AND name = 'ask' AND promised_at IS NOT NULL
			ORDER BY created_at LIMIT 1`, person),
	)
	for _, one := range asked {
		m.Asked = utc(one.At)
	}
	m.Latest, m.Place, m.Schools = request.request(), place.place(), named(schools)
	return m, err
}
