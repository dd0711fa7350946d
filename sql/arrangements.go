package sql

import (
	stdsql "database/sql"
	"time"

	"okey/okey"

	"github.com/google/uuid"
)

// What is arranged between people, outside requests and stock: delegations, attachments and hostings. Each is given by somebody at an
// establishment, and ended by somebody.

// ArrangementNames are the names that a list shows of any arrangement.
type ArrangementNames struct {
	School      string `db:"school"`
	ByName      string `db:"by_name"`       // empty: it is older than OKEY's note of it
	EndedByName string `db:"ended_by_name"` // empty: nobody, or the directory
}

// arrangementRow has the columns that the three tables share.
type arrangementRow struct {
	ID      uuid.UUID       `db:"id"`
	UAI     okey.UAI        `db:"uai"`
	By      uuid.NullUUID   `db:"given_by"`
	At      time.Time       `db:"created_at"`
	EndedAt stdsql.NullTime `db:"ended_at"`
	EndedBy uuid.NullUUID   `db:"ended_by"`
	ArrangementNames
}

// arrangementColumns and arrangementTables follow a table that is called d, whichever of the three it is.
const (
	arrangementColumns = `d.id, d.uai, d.given_by, d.created_at, d.ended_at, d.ended_by, e.name AS school,
		trim(coalesce(b.given_name, '') || ' ' || coalesce(b.family_name, '')) AS by_name,
		trim(coalesce(x.given_name, '') || ' ' || coalesce(x.family_name, '')) AS ended_by_name`
	arrangementTables = `
		JOIN establishment e ON e.uai = d.uai
		LEFT JOIN person b ON b.id = d.given_by
		LEFT JOIN person x ON x.id = d.ended_by `
)

// recentArrangements are those that hold, and those that ended since $1, newest first.
const recentArrangements = `WHERE d.ended_at IS NULL OR d.ended_at >= $1
	ORDER BY d.ended_at IS NOT NULL, d.created_at DESC, d.id LIMIT $2`

// repeated tells whether an arrangement stands already under its id, as after a double click; action_reused where another one does.
func repeated(same bool, err error) (bool, error) {
	switch {
	case okey.ErrorCode(err) == okey.CodeNotFound:
		return false, nil
	case err == nil && !same:
		err = okey.Errorf(okey.CodeActionReused, "Cet envoi a déjà servi pour autre chose : recommencez avec un nouveau.")
	}
	return true, err
}

// followUp is the action that has those told whom something arranged between people concerns: one for each thing and each turn of it.
func followUp(subject uuid.UUID, name okey.ActionName, uai okey.UAI, at time.Time) okey.Action {
	return okey.Action{
		ID: okey.DerivedID(subject, string(name)), Subject: subject, Name: name, Via: okey.ViaEngine, CreatedAt: at,
		Content: okey.Content{Establishment: uai},
	}
}
