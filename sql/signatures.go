package sql

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	stdsql "database/sql"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"okey/okey"

	"github.com/google/uuid"
)

// eventSigned is the audit's entry of a signature.
const eventSigned = "charter_signed"

// signedRow is all that is evidence of a signature.
type signedRow struct {
	Request   uuid.UUID     `db:"id"`
	Person    okey.PersonID `db:"person"`
	Version   int           `db:"charter"`
	SHA256    string        `db:"charter_sha256"`
	At        time.Time     `db:"signed_at"`
	Published time.Time     `db:"published_at"`
	UAI       string        `db:"signed_uai"`
	School    string        `db:"signed_school"`
	Name      string        `db:"signer_name"`
	UID       string        `db:"signer_uid"`
	Erased    bool          `db:"erased"`
}

const (
	signedColumns = `r.id, r.person, r.charter, r.charter_sha256, r.signed_at, c.published_at, coalesce(r.signed_uai, '') AS signed_uai,
		coalesce(r.signed_school, '') AS signed_school, coalesce(r.signer_name, '') AS signer_name,
		coalesce(r.signer_uid, '') AS signer_uid, p.erased_at IS NOT NULL AS erased`
	// ofRequest finds what the audit says of a request by the index that the audit has.
	ofRequest    = `split_part(a.subject, ':', 2) = r.id::text AND a.subject = 'request:' || r.id`
	signedTables = ` FROM request r JOIN charter c ON c.version = r.charter JOIN person p ON p.id = r.person`
)

// detail is what the audit keeps of a signature: the text's fingerprint, then, made with the audit's key, one of what
// stays and one of the names, which are taken away once their person has left.
func (r signedRow) detail(key []byte) string {
	return strings.Join([]string{r.SHA256, r.stays(key), r.names(key)}, ":")
}

func (r signedRow) stays(key []byte) string {
	return fingerprint(key, "signature", strconv.Itoa(r.Version), r.SHA256, r.Published.UTC().Format(time.RFC3339Nano),
		r.Request.String(), r.Person.String(), r.UAI,
		r.School, r.At.UTC().Format(time.RFC3339Nano))
}

func (r signedRow) names(key []byte) string {
	return fingerprint(key, "signer", r.Request.String(), r.Name, r.UID)
}

// fingerprint covers texts, one after the other.
func fingerprint(key []byte, texts ...string) string {
	mac := hmac.New(sha256.New, key)
	for _, text := range texts {
		put(mac, []byte(text))
	}
	return hex.EncodeToString(mac.Sum(nil))
}

// matches tells whether a signature is what an entry of the audit says: who, when, which text and, unless the entry is
// from before that was kept, where and under which name.
func (r signedRow) matches(e auditRow, key []byte) bool {
	if e.Actor.UUID != r.Person || !sameMoment(e.At, r.At) {
		return false
	}
	if e.Event != eventSigned { // from before signatures had an entry of their own: that of the action says who and when
		return true
	}
	said := strings.Split(e.Detail, ":")
	if said[0] != r.SHA256 {
		return false
	}
	if len(said) == 1 {
		return true
	}
	if len(said) != 3 || key == nil || said[1] != r.stays(key) {
		return false
	}
	return said[2] == r.names(key) || r.Erased && r.Name == "" && r.UID == ""
}

// signaturesKept is for how many months at least after the signing a request stands: it stands so long after its end.
func signaturesKept() int {
	for _, k := range okey.Keepings() {
		if k.Data == okey.KeptRequests {
			return k.Months
		}
	}
	return 0
}

// sameMoment allows for the microsecond by which the database and OKEY may have rounded apart.
func sameMoment(a, b time.Time) bool { return a.Sub(b).Abs() <= time.Microsecond }

// CheckCharters holds what is published and signed to what the audit has of each publishing and signing, and counts the
// versions. The audit itself is for VerifyAudit. Where all is well but what a key signs that is not known: *UnknownKeyError.
func (s *Store) CheckCharters(ctx context.Context) (int, error) {
	var found struct {
		Versions int `db:"versions"`
		Altered  int `db:"altered"`
		Unknown  int `db:"unknown"`
		Redated  int `db:"redated"`
		Smuggled int `db:"smuggled"`
		Swapped  int `db:"swapped"`
		Missing  int `db:"missing"`
		Gone     int `db:"gone"`
	}
	err := s.get(ctx, &found, "", `SELECT (SELECT count(*) FROM charter) AS versions,
		(SELECT count(*) FROM charter WHERE encode(sha256(convert_to(body, 'UTF8')), 'hex') <> sha256) AS altered,
		(SELECT count(*) FROM audit a WHERE a.event = $1
			AND NOT EXISTS (SELECT FROM charter c WHERE c.sha256 = split_part(a.detail, ':', 1))) AS unknown,
		(SELECT count(*) FROM charter c JOIN audit a ON a.event = 'charter' AND a.subject = 'charter:' || c.version
			WHERE c.published_at NOT BETWEEN a.at - interval '1 microsecond' AND a.at + interval '1 microsecond') AS redated,
		(SELECT count(*) FROM charter c WHERE CASE c.version WHEN 1 THEN c.sha256 <> $2 ELSE NOT EXISTS (SELECT FROM audit a
			WHERE a.event = 'charter' AND a.subject = 'charter:' || c.version
			AND a.detail IN ('published', 'published:' || c.sha256)) END) AS smuggled,
		(SELECT count(*) FROM (SELECT 1 AS version UNION SELECT split_part(subject, ':', 2)::integer FROM audit WHERE event = 'charter') p
			WHERE NOT EXISTS (SELECT FROM charter c WHERE c.version = p.version)) AS missing,
		(SELECT count(*) FROM request r JOIN charter c ON c.version = r.charter WHERE r.charter_sha256 <> c.sha256) AS swapped,
		(SELECT count(*) FROM audit a WHERE a.event = $1 AND a.at > now() - make_interval(months => $3) AND a.subject LIKE 'request:%'
			AND NOT EXISTS (SELECT FROM request r WHERE r.id::text = split_part(a.subject, ':', 2))) AS gone`,
		eventSigned, okey.CharterSum(okey.FirstCharter), signaturesKept())
	switch {
	case err != nil:
		return 0, fmt.Errorf("look at the charters: %w", err)
	case found.Altered > 0:
		return 0, okey.Errorf(okey.CodeInvalid, "le texte d'une charte publiée a été modifié : il n'a plus l'empreinte de sa publication.")
	case found.Unknown > 0:
		return 0, okey.Errorf(okey.CodeInvalid, "le journal connaît des signatures d'un texte que plus aucune charte publiée ne porte.")
	case found.Redated > 0:
		return 0, okey.Errorf(okey.CodeInvalid, "la date de publication d'une charte n'est pas celle que dit le journal.")
	case found.Missing > 0:
		return 0, okey.Errorf(okey.CodeInvalid, "une charte publiée a disparu : le journal en connaît une version de plus.")
	case found.Smuggled > 0:
		return 0, okey.Errorf(okey.CodeInvalid,
			"une version de la charte n'est pas celle qui a été publiée : le journal ne la connaît pas.")
	}
	different, err := s.differentSignatures(ctx)
	if err == nil && different > 0 {
		err = okey.Errorf(okey.CodeInvalid, "%s ce que le journal dit : %s.",
			okey.SayCount(different, "signature")+okey.SayEither(different, " d'une demande n'est pas", " de demandes ne sont pas"),
			okey.SayEither(different, "la demande a été modifiée", "elles ont été modifiées"))
	}
	switch {
	case err != nil:
	case found.Swapped > 0:
		err = okey.Errorf(okey.CodeInvalid, "%s d'une autre charte que celle de %s.",
			okey.SayCount(found.Swapped, "signature")+okey.SayEither(found.Swapped, " est", " sont"),
			okey.SayEither(found.Swapped, "sa version", "leur version"))
	case found.Gone > 0:
		err = okey.Errorf(okey.CodeInvalid, "le journal connaît %s dont la demande a disparu avant son terme.",
			okey.SayCount(found.Gone, "signature"))
	}
	return found.Versions, err
}

// differentSignatures counts the signatures that the audit does not know as they stand, and those that it knows and
// that are gone from their request. *UnknownKeyError: one could not be verified.
func (s *Store) differentSignatures(ctx context.Context) (int, error) {
	var rows []struct {
		signedRow
		Event   stdsql.NullString `db:"event"`
		EntryAt stdsql.NullTime   `db:"entry_at"`
		Actor   uuid.NullUUID     `db:"actor"`
		Detail  stdsql.NullString `db:"detail"`
		Key     stdsql.NullInt64  `db:"key_version"`
	}
	err := s.all(ctx, &rows, `SELECT `+signedColumns+`, e.event, e.at AS entry_at, e.actor, e.detail, e.key_version`+signedTables+`
		LEFT JOIN LATERAL (SELECT a.event, a.at, a.actor, a.detail, a.key_version FROM audit a
			WHERE `+ofRequest+` AND (a.event = $1 OR (a.event = $2 AND a.detail = 'accepted'))
			ORDER BY a.event = $1 DESC, a.seq DESC LIMIT 1) e ON true
		WHERE r.signed_at IS NOT NULL`, eventSigned, string(okey.ActionOf(okey.CharterAndPIN)))
	if err != nil {
		return 0, fmt.Errorf("look at the signatures: %w", err)
	}
	different := 0
	var unknown error
	for _, row := range rows {
		entry := auditRow{Event: row.Event.String, At: row.EntryAt.Time, Actor: row.Actor, Detail: row.Detail.String}
		key := s.key.Get(int(row.Key.Int64))
		switch {
		case row.matches(entry, key):
		case key == nil && row.Key.Valid:
			unknown = unknownKey(int(row.Key.Int64), "")
		default:
			different++
		}
	}
	var gone int
	err = s.get(ctx, &gone, "", `SELECT count(*) FROM request r WHERE (r.signed_at IS NULL OR r.charter IS NULL)
		AND EXISTS (SELECT FROM audit a WHERE a.event = $1 AND `+ofRequest+`)`, eventSigned)
	if err != nil {
		return 0, fmt.Errorf("look at the signatures: %w", err)
	}
	if different+gone > 0 {
		return different + gone, nil
	}
	return 0, unknown
}
