package sql

import (
	stdsql "database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"okey/okey"

	"github.com/lib/pq"
)

var errReadOnly = okey.Errorf(okey.CodeUnavailable, "en lecture seule : est-ce la base principale ?")

// Away tells whether err is the database being out of reach, on its way down or up, without room, without time or without the right to
// write, rather than anything being wrong: the same again may go well.
func Away(err error) bool {
	var unreachable unreachableError
	var network net.Error
	var refused *pq.Error
	switch {
	case errors.As(err, &refused):
		return refusedForNow(refused)
	case errors.As(err, &network), errors.As(err, &unreachable), errors.Is(err, driver.ErrBadConn), errors.Is(err, stdsql.ErrConnDone),
		errors.Is(err, io.ErrUnexpectedEOF):
		return true
	default:
		return false
	}
}

// refusedForNow tells a refusal of the moment from one of the statement. A statement that took too long is among them: what asks for so
// much is slow because of a lock, or of all the others.
func refusedForNow(refused *pq.Error) bool {
	for _, class := range []string{
		"08",    // the connection
		"53",    // no room: connections, memory, disk
		"57P",   // going down, coming up
		"57014", // statement_timeout
		"55P03", // lock_timeout
		"25P03", // idle_in_transaction_session_timeout
	} {
		if strings.HasPrefix(string(refused.Code), class) {
			return true
		}
	}
	return readOnly(refused)
}

// readOnly tells that a database has taken no write because it takes none: a standby, or one that was demoted. A standby refuses BEGIN READ
// WRITE as a feature that it has not, in the server's own language; OKEY asks for no other that a server may lack.
func readOnly(refused *pq.Error) bool { return refused.Code == "25006" || refused.Code == "0A000" }
