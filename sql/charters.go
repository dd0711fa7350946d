package sql

import (
	"context"
	stdsql "database/sql"
	"time"

	"okey/okey"

	"github.com/google/uuid"
)

type charterRow struct {
	Version     int             `db:"version"`
	Body        string          `db:"body"`
	SHA256      string          `db:"sha256"`
	PublishedAt time.Time       `db:"published_at"`
	ReplacedAt  stdsql.NullTime `db:"replaced_at"`
}

func (r charterRow) charter() okey.Charter {
	return okey.Charter{
		Version: r.Version, Text: r.Body, SHA256: r.SHA256, PublishedAt: utc(r.PublishedAt),
		ReplacedAt: utc(r.ReplacedAt.Time),
	}
}

const charterColumns = `c.version, c.body, c.sha256, c.published_at,
	(SELECT n.published_at FROM charter n WHERE n.version = c.version + 1) AS replaced_at`

// Charter returns the version in force, the latest; not_found before any is published.
func (r reader) Charter(ctx context.Context) (okey.Charter, error) {
	var row charterRow
	err := r.get(ctx, &row, "Aucune charte n'est publiée.", `SELECT `+charterColumns+` FROM charter c ORDER BY c.version DESC LIMIT 1`)
	return row.charter(), err
}

// Charters returns all versions, the latest first.
func (r reader) Charters(ctx context.Context) ([]okey.Charter, error) {
	return listed(ctx, r, charterRow.charter, `SELECT `+charterColumns+` FROM charter c ORDER BY c.version DESC`)
}

// PublishCharter adds a version. The same text as the one in force publishes nothing; an earlier text can't come back.
func (t *Tx) PublishCharter(ctx context.Context, text string, at time.Time) (okey.Charter, error) {
	current, err := t.Charter(ctx)
	if err != nil && okey.ErrorCode(err) != okey.CodeNotFound {
		return okey.Charter{}, err
	}
	next := okey.Charter{Version: current.Version + 1, Text: text, SHA256: okey.CharterSum(text), PublishedAt: at}
	if current.SHA256 == next.SHA256 {
		return current, nil
	}
	err = t.exec(ctx,
		`INSERT INTO charter (version, body, sha256, published_at) VALUES ($1, $2, $3, $4)`, next.Version, text, next.SHA256, at)
	if violates(err, "charter_sha256_key") {
		return okey.Charter{}, okey.Errorf(okey.CodeInvalid,
			"Ce texte est celui d'une version antérieure de la charte : une version publiée ne revient pas.")
	}
	return next, err
}

// Sign records which charter was signed, when, by whom and at which school, as they are called at that time. It is
// evidence: a version, its fingerprint, and names that may change since. The audit, chained with a key that is not in
// the database, keeps the fingerprints of all of it.
func (t *Tx) Sign(ctx context.Context, id uuid.UUID, version int, at time.Time, by okey.PersonID, via okey.Via) error {
	at = at.UTC().Truncate(time.Microsecond)
	err := t.exec(ctx, `UPDATE request SET charter = c.version, charter_sha256 = c.sha256, signed_at = $3,
		signer_name = trim(p.given_name || ' ' || p.family_name), signer_uid = p.uid, signed_uai = e.uai, signed_school = e.name,
		signer_noted_at = $3
		FROM charter c, person p, establishment e WHERE request.id = $1 AND c.version = $2 AND p.id = request.person
		AND e.uai = request.uai`, id, version, at)
	if err != nil {
		return err
	}
	var signed signedRow
	if err := t.get(ctx, &signed, "Cette demande n'existe pas.", `SELECT `+signedColumns+signedTables+` WHERE r.id = $1`, id); err != nil {
		return err
	}
	_, key := t.key.Current()
	t.Audit(Entry{At: at, Event: eventSigned, Actor: by, Via: via, Subject: AboutRequest(id), Detail: signed.detail(key)})
	return nil
}

// Signature returns what was signed for a request, as it stands now; not_found where nothing was.
func (r reader) Signature(ctx context.Context, request uuid.UUID) (okey.Signature, error) {
	var row struct {
		charterRow
		Signed   string          `db:"signed"`
		SignedAt time.Time       `db:"signed_at"`
		Name     string          `db:"signer_name"`
		UID      string          `db:"signer_uid"`
		UAI      okey.UAI        `db:"signed_uai"`
		School   string          `db:"signed_school"`
		NotedAt  stdsql.NullTime `db:"signer_noted_at"`
	}
	err := r.get(ctx, &row, "Aucune charte n'est signée pour cette demande.", `SELECT `+charterColumns+`,
		r.charter_sha256 AS signed, r.signed_at,
		coalesce(r.signer_name, '') AS signer_name, coalesce(r.signer_uid, '') AS signer_uid, coalesce(r.signed_uai, '') AS signed_uai,
		coalesce(r.signed_school, '') AS signed_school, r.signer_noted_at FROM request r JOIN charter c ON c.version = r.charter
		WHERE r.id = $1`, request)
	return okey.Signature{
		Charter: row.charter(), SHA256: row.Signed, At: utc(row.SignedAt),
		Name: row.Name, UID: row.UID, UAI: row.UAI, School: row.School, NotedAt: utc(row.NotedAt.Time),
	}, err
}
