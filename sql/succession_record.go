package sql

import (
	"context"

	"okey/okey"

	"github.com/google/uuid"
)

// What moved with a succession, as people read it: by name and number.

// SuccessionRequest is a request that moved, as it stands now.
type SuccessionRequest struct {
	okey.Request
	Requester okey.Person
}

// SuccessionRequests returns the requests that moved with a succession, by requester.
func (r reader) SuccessionRequests(ctx context.Context, id uuid.UUID) ([]SuccessionRequest, error) {
	var rows []struct {
		requestRow
		Given  string `db:"given_name"`
		Family string `db:"family_name"`
		Mail   string `db:"mail"`
	}
	err := r.all(ctx, &rows, `SELECT `+requestColumns+`, p.given_name, p.family_name, p.mail`+requestTables+`
		JOIN person p ON p.id = r.person
		JOIN succession_item i ON i.kind = 'request' AND i.id = r.id::text WHERE i.succession = $1
		ORDER BY p.family_name, p.given_name, r.id`, id)
	found := make([]SuccessionRequest, len(rows))
	for i, row := range rows {
		found[i] = SuccessionRequest{
			row.request(), okey.Person{ID: row.Person, GivenName: row.Given, FamilyName: row.Family, Mail: row.Mail},
		}
	}
	return found, err
}

// SuccessionKey is a key that moved, as it was then.
type SuccessionKey struct {
	Serial okey.Serial   `db:"serial"`
	State  okey.KeyState `db:"state"`
	Holder string        `db:"holder"`
}

// SuccessionKeys returns the keys that moved with a succession, by serial.
func (r reader) SuccessionKeys(ctx context.Context, id uuid.UUID) ([]SuccessionKey, error) {
	var found []SuccessionKey
	err := r.all(ctx, &found, `SELECT v.serial, v.state, trim(coalesce(p.given_name, '') || ' ' || coalesce(p.family_name, '')) AS holder
		FROM succession s JOIN succession_item i ON i.succession = s.id AND i.kind = 'key'
		JOIN key_event v ON v.serial = i.id AND v.at = s.at AND v.reason = 'moved' LEFT JOIN person p ON p.id = v.holder
		WHERE s.id = $1 ORDER BY v.serial`, id)
	return found, err
}

// SuccessionOrder is an order that moved, as it stands now.
type SuccessionOrder struct {
	ID       uuid.UUID       `db:"id"`
	Number   int             `db:"number"`
	State    okey.OrderState `db:"state"`
	Quantity int             `db:"quantity"`
	Received int             `db:"received"`
}

// SuccessionOrders returns the orders that moved with a succession, by number.
func (r reader) SuccessionOrders(ctx context.Context, id uuid.UUID) ([]SuccessionOrder, error) {
	var found []SuccessionOrder
	err := r.all(ctx, &found, `SELECT o.id, o.number, o.state, o.quantity, o.received FROM key_order o
		JOIN succession_item i ON i.kind = 'order' AND i.id = o.id::text WHERE i.succession = $1 ORDER BY o.number`, id)
	return found, err
}

// SuccessionMove is a departure with a key that was proposed when the succession came, as it stands now.
type SuccessionMove struct {
	okey.Move
	HolderName string
}

// SuccessionMoves returns the departures that moved with a succession, by holder.
func (r reader) SuccessionMoves(ctx context.Context, id uuid.UUID) ([]SuccessionMove, error) {
	var rows []struct {
		moveRow
		Given  string `db:"given_name"`
		Family string `db:"family_name"`
	}
	err := r.all(ctx, &rows, `SELECT `+moveColumns+`, p.given_name, p.family_name FROM key_move m JOIN person p ON p.id = m.holder
		JOIN succession_item i ON i.kind = 'proposal' AND i.id = m.id::text WHERE i.succession = $1
		ORDER BY p.family_name, p.given_name, m.id`, id)
	found := make([]SuccessionMove, len(rows))
	for i, row := range rows {
		found[i] = SuccessionMove{row.move(), okey.Person{GivenName: row.Given, FamilyName: row.Family}.Name()}
	}
	return found, err
}

// SuccessionReport is a key that support was still to confirm, as it stands now.
type SuccessionReport struct {
	ID     uuid.UUID        `db:"id"`
	Serial okey.Serial      `db:"serial"`
	State  okey.ReportState `db:"state"`
}

// SuccessionReports returns the reports that moved with a succession, by serial.
func (r reader) SuccessionReports(ctx context.Context, id uuid.UUID) ([]SuccessionReport, error) {
	var found []SuccessionReport
	err := r.all(ctx, &found, `SELECT o.id, o.serial, o.state FROM key_report o
		JOIN succession_item i ON i.kind = 'report' AND i.id = o.id::text WHERE i.succession = $1 ORDER BY o.serial, o.id`, id)
	return found, err
}
