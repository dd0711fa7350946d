package sql

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"time"

	"okey/okey"

	"github.com/google/uuid"
)

// What support sets right by hand: people whom it attaches to an establishment, and establishments that answer for others.

// ListedAttachment is an attachment with the names that a list shows.
type ListedAttachment struct {
	okey.Attachment
	Name, UID, School, ByName, EndedByName string

	Void bool // the establishment has a successor, or is not served: the function gives nothing
}

type attachmentRow struct {
	ID       uuid.UUID       `db:"id"`
	Person   uuid.UUID       `db:"person"`
	UAI      okey.UAI        `db:"uai"`
	Function okey.Function   `db:"function"`
	Until    stdsql.NullTime `db:"until_day"`
	Reason   string          `db:"reason"`
	By       uuid.NullUUID   `db:"given_by"`
	At       time.Time       `db:"created_at"`
	EndedAt  stdsql.NullTime `db:"ended_at"`
	EndedBy  uuid.NullUUID   `db:"ended_by"`
	Name     string          `db:"name"`
	UID      string          `db:"uid"`
	Void     bool            `db:"void"`
	School   string          `db:"school"`
	ByName   string          `db:"by_name"`
	Ender    string          `db:"ender"`
}

const selectAttachment = `SELECT m.id, m.person, m.uai, m.function, m.until_day, m.reason, m.given_by, m.created_at, m.ended_at, m.ended_by,
	trim(p.given_name || ' ' || p.family_name) AS name, p.uid, e.name AS school,
	(e.successor IS NOT NULL OR NOT e.served) AS void,
	trim(coalesce(b.given_name, '') || ' ' || coalesce(b.family_name, '')) AS by_name,
	trim(coalesce(x.given_name, '') || ' ' || coalesce(x.family_name, '')) AS ender
	FROM attachment m JOIN person p ON p.id = m.person JOIN establishment e ON e.uai = m.uai
	LEFT JOIN person b ON b.id = m.given_by LEFT JOIN person x ON x.id = m.ended_by `

func (m attachmentRow) attachment() ListedAttachment {
	return ListedAttachment{
		Void: m.Void,
		Attachment: okey.Attachment{
			ID: m.ID, Person: m.Person, UAI: m.UAI, Function: m.Function, Until: dayOf(m.Until), Reason: m.Reason, By: m.By.UUID, At: utc(m.At),
			EndedAt: utc(m.EndedAt.Time), EndedBy: m.EndedBy.UUID,
		},
		Name: m.Name, UID: m.UID, School: m.School, ByName: m.ByName, EndedByName: m.Ender,
	}
}

// Attachment answers not_found for an unknown id.
func (r reader) Attachment(ctx context.Context, id uuid.UUID) (ListedAttachment, error) {
	var row attachmentRow
	err := r.get(ctx, &row, "Ce rattachement n'existe pas.", selectAttachment+`WHERE m.id = $1`, id)
	return row.attachment(), err
}

// Attachments returns those that hold, and those that ended since the instant, newest first.
func (r reader) Attachments(ctx context.Context, since time.Time, limit int) ([]ListedAttachment, error) {
	var rows []attachmentRow
	err := r.all(ctx, &rows, selectAttachment+`WHERE m.ended_at IS NULL OR m.ended_at >= $1 ORDER BY m.ended_at IS NOT NULL, m.created_at DESC, m.id LIMIT $2`, since, limit)
	found := make([]ListedAttachment, len(rows))
	for i, row := range rows {
		found[i] = row.attachment()
	}
	return found, err
}

// Attach gives a person a function at an establishment until a day. It is support's: no staff file takes it away. An earlier attachment of the
// person there makes room for it.
func (s *Store) Attach(ctx context.Context, a okey.Attachment) (okey.Action, error) {
	told := followUp(a.ID, okey.ActionAttached, a.UAI, a.At)
	err := s.Do(ctx, func(t *Tx) error {
		if err := t.LockEstablishment(ctx, a.UAI); err != nil {
			return err
		}
		known, err := t.Attachment(ctx, a.ID)
		if err == nil {
			return sameArrangement(known.Person == a.Person && known.UAI == a.UAI && known.Function == a.Function && known.Until == a.Until && known.Reason == a.Reason)
		}
		if okey.ErrorCode(err) != okey.CodeNotFound {
			return err
		}
		if err := t.detach(ctx, a.Person, a.UAI, a.By, a.At); err != nil {
			return err
		}
		err = t.exec(ctx, `INSERT INTO attachment (id, person, uai, function, until_day, reason, given_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			a.ID, a.Person, string(a.UAI), string(a.Function), nullDay(a.Until), a.Reason, a.By, a.At)
		if err != nil {
			return fmt.Errorf("write the attachment: %w", err)
		}
		err = t.exec(ctx, `INSERT INTO assignment (person, uai, function, source, until, reason, since) VALUES ($1, $2, $3, 'support', $4, $5, $6)`,
			a.Person, string(a.UAI), string(a.Function), nullDay(a.Until), a.Reason, a.At)
		if err != nil {
			return fmt.Errorf("write the assignment: %w", err)
		}
		t.Audit(Entry{At: a.At, Event: "attached", Actor: a.By, Via: okey.ViaSupport, Subject: AboutPerson(a.Person), Detail: string(a.UAI) + "/" + string(a.Function)})
		return t.FollowUp(ctx, told)
	})
	return told, err
}

// Detach ends an attachment at once. Ended before, it stays as it was.
func (s *Store) Detach(ctx context.Context, id uuid.UUID, by okey.PersonID, at time.Time) (okey.Action, error) {
	var told okey.Action
	err := s.Do(ctx, func(t *Tx) error {
		a, err := t.Attachment(ctx, id)
		if err != nil {
			return err
		}
		told = followUp(id, okey.ActionDetached, a.UAI, at)
		if err := t.LockEstablishment(ctx, a.UAI); err != nil {
			return err
		}
		if a, err = t.Attachment(ctx, id); err != nil || !a.EndedAt.IsZero() {
			return err
		}
		if err := t.detach(ctx, a.Person, a.UAI, by, at); err != nil {
			return err
		}
		t.Audit(Entry{At: at, Event: "detached", Actor: by, Via: okey.ViaSupport, Subject: AboutPerson(a.Person), Detail: string(a.UAI) + "/" + string(a.Function)})
		return t.FollowUp(ctx, told)
	})
	return told, err
}

// detach takes away what support gave a person at an establishment; what imports or claims say of them stays.
func (t *Tx) detach(ctx context.Context, person okey.PersonID, uai okey.UAI, by okey.PersonID, at time.Time) error {
	err := t.exec(ctx, `UPDATE attachment SET ended_at = $3, ended_by = $4 WHERE person = $1 AND uai = $2 AND ended_at IS NULL`, person, string(uai), at, by)
	if err != nil {
		return fmt.Errorf("end the attachment: %w", err)
	}
	return t.exec(ctx, `DELETE FROM assignment WHERE person = $1 AND uai = $2 AND source = 'support'`, person, string(uai))
}

// ListedHosting is a hosting with the names that a list shows, and whether the establishment has a head of its own by now.
type ListedHosting struct {
	okey.Hosting
	Name, HostName, ByName, EndedByName string
	Headed                              bool
}

type hostingRow struct {
	ID       uuid.UUID       `db:"id"`
	UAI      okey.UAI        `db:"uai"`
	Host     okey.UAI        `db:"host"`
	Reason   string          `db:"reason"`
	By       uuid.NullUUID   `db:"given_by"`
	At       time.Time       `db:"created_at"`
	EndedAt  stdsql.NullTime `db:"ended_at"`
	EndedBy  uuid.NullUUID   `db:"ended_by"`
	Name     string          `db:"name"`
	HostName string          `db:"host_name"`
	ByName   string          `db:"by_name"`
	Ender    string          `db:"ender"`
	Headed   bool            `db:"headed"`
}

// A succession takes hosts along: while a hosting holds, the establishment itself says who its host is.
const selectHosting = `SELECT h.id, h.uai, CASE WHEN h.ended_at IS NULL THEN coalesce(e.host, h.host) ELSE h.host END AS host, h.reason,
	h.given_by, h.created_at, h.ended_at, h.ended_by, e.name, o.name AS host_name,
	trim(coalesce(b.given_name, '') || ' ' || coalesce(b.family_name, '')) AS by_name,
	trim(coalesce(x.given_name, '') || ' ' || coalesce(x.family_name, '')) AS ender,
	EXISTS (SELECT FROM assignment a WHERE a.uai = h.uai AND a.function IN ('chef', 'adjoint') AND (a.until IS NULL OR a.until >= current_date)) AS headed
	FROM hosting h JOIN establishment e ON e.uai = h.uai
	JOIN establishment o ON o.uai = CASE WHEN h.ended_at IS NULL THEN coalesce(e.host, h.host) ELSE h.host END
	LEFT JOIN person b ON b.id = h.given_by LEFT JOIN person x ON x.id = h.ended_by `

func (h hostingRow) hosting() ListedHosting {
	return ListedHosting{
		Hosting: okey.Hosting{
			ID: h.ID, UAI: h.UAI, Host: h.Host, Reason: h.Reason, By: h.By.UUID, At: utc(h.At), EndedAt: utc(h.EndedAt.Time), EndedBy: h.EndedBy.UUID,
		},
		Name: h.Name, HostName: h.HostName, ByName: h.ByName, EndedByName: h.Ender, Headed: h.Headed && !h.EndedAt.Valid,
	}
}

// Hosting answers not_found for an unknown id.
func (r reader) Hosting(ctx context.Context, id uuid.UUID) (ListedHosting, error) {
	var row hostingRow
	err := r.get(ctx, &row, "Cela n'existe pas, ou n'existe plus.", selectHosting+`WHERE h.id = $1`, id)
	return row.hosting(), err
}

// Hostings returns those that hold, and those that ended since the instant, newest first.
func (r reader) Hostings(ctx context.Context, since time.Time, limit int) ([]ListedHosting, error) {
	var rows []hostingRow
	err := r.all(ctx, &rows, selectHosting+`WHERE h.ended_at IS NULL OR h.ended_at >= $1 ORDER BY h.ended_at IS NOT NULL, h.created_at DESC, h.id LIMIT $2`, since, limit)
	found := make([]ListedHosting, len(rows))
	for i, row := range rows {
		found[i] = row.hosting()
	}
	return found, err
}

// Host lets the approvers of one establishment answer for another one, which has none. invalid where that can't be.
func (s *Store) Host(ctx context.Context, h okey.Hosting, today okey.Day) (okey.Action, error) {
	told := followUp(h.ID, okey.ActionHostingGiven, h.Host, h.At)
	err := s.Do(ctx, func(t *Tx) error {
		if err := t.LockEstablishments(ctx, h.UAI, h.Host); err != nil {
			return err
		}
		known, err := t.Hosting(ctx, h.ID)
		if err == nil {
			return sameArrangement(known.UAI == h.UAI && known.Host == h.Host && known.Reason == h.Reason)
		}
		if okey.ErrorCode(err) != okey.CodeNotFound {
			return err
		}
		if err := t.mayHost(ctx, h, today); err != nil {
			return err
		}
		if err := t.replaceHosting(ctx, h); err != nil {
			return err
		}
		err = t.exec(ctx, `INSERT INTO hosting (id, uai, host, reason, given_by, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			h.ID, string(h.UAI), string(h.Host), h.Reason, h.By, h.At)
		if err != nil {
			return fmt.Errorf("write the hosting: %w", err)
		}
		if err := t.exec(ctx, `UPDATE establishment SET host = $2 WHERE uai = $1`, string(h.UAI), string(h.Host)); err != nil {
			return fmt.Errorf("name the host: %w", err)
		}
		t.Audit(Entry{At: h.At, Event: "host_named", Actor: h.By, Via: okey.ViaSupport, Subject: "establishment:" + string(h.UAI), Detail: string(h.Host)})
		return t.FollowUp(ctx, told)
	})
	return told, err
}

// mayHost says why an establishment can't answer for another one. Answering goes one step, never along a chain.
func (t *Tx) mayHost(ctx context.Context, h okey.Hosting, today okey.Day) error {
	heads, err := t.Approvers(ctx, h.UAI, today)
	if err != nil {
		return err
	}
	hosts, err := t.Approvers(ctx, h.Host, today)
	if err != nil {
		return err
	}
	host, err := t.Place(ctx, h.Host)
	if err != nil {
		return err
	}
	var hosted int
	if err := t.get(ctx, &hosted, "", `SELECT count(*) FROM establishment WHERE host = $1`, string(h.UAI)); err != nil {
		return err
	}
	switch {
	case len(heads) > 0:
		return okey.InvalidField("establishment", "Cet établissement a sa propre direction (%s) : elle répond.", heads[0].Name())
	case hosted > 0:
		return okey.InvalidField("establishment", "Cet établissement répond déjà pour un autre : mettez d'abord fin à cela.")
	case host.Host != "":
		return okey.InvalidField("host", "%s est lui-même suivi par %s : indiquez %s.", h.Host, host.Host, host.Host)
	case len(hosts) == 0:
		return okey.InvalidField("host", "Cet établissement n'a pas de direction dans OKEY : personne n'y répondrait.")
	}
	return nil
}

// EndHosting lets an establishment answer for itself again. Ended before, it stays as it was.
func (s *Store) EndHosting(ctx context.Context, id uuid.UUID, by okey.PersonID, at time.Time) (okey.Action, error) {
	var told okey.Action
	err := s.Do(ctx, func(t *Tx) error {
		h, err := t.Hosting(ctx, id)
		if err != nil {
			return err
		}
		if err := t.LockEstablishments(ctx, h.UAI, h.Host); err != nil {
			return err
		}
		if h, err = t.Hosting(ctx, id); err != nil {
			return err
		}
		told = followUp(id, okey.ActionHostingEnded, h.Host, at)
		if !h.EndedAt.IsZero() {
			return nil
		}
		if err := t.endHosting(ctx, h.UAI, by, at); err != nil {
			return err
		}
		t.Audit(Entry{At: at, Event: "host_ended", Actor: by, Via: okey.ViaSupport, Subject: "establishment:" + string(h.UAI), Detail: string(h.Host)})
		return t.FollowUp(ctx, told)
	})
	return told, err
}

// replaceHosting ends what stood before, and has those told who answered until now.
func (t *Tx) replaceHosting(ctx context.Context, h okey.Hosting) error {
	var before []struct {
		ID   uuid.UUID `db:"id"`
		Host okey.UAI  `db:"host"`
	}
	if err := t.all(ctx, &before, `SELECT id, host FROM hosting WHERE uai = $1 AND ended_at IS NULL`, string(h.UAI)); err != nil {
		return fmt.Errorf("find the host before: %w", err)
	}
	if err := t.endHosting(ctx, h.UAI, h.By, h.At); err != nil {
		return err
	}
	for _, b := range before {
		if b.Host == h.Host {
			continue
		}
		if err := t.FollowUp(ctx, followUp(b.ID, okey.ActionHostingEnded, b.Host, h.At)); err != nil {
			return fmt.Errorf("have the host before told: %w", err)
		}
	}
	return nil
}

func (t *Tx) endHosting(ctx context.Context, uai okey.UAI, by okey.PersonID, at time.Time) error {
	err := t.exec(ctx, `UPDATE hosting SET ended_at = $2, ended_by = $3,
		host = coalesce((SELECT nullif(e.host, hosting.uai) FROM establishment e WHERE e.uai = hosting.uai), host) WHERE uai = $1 AND ended_at IS NULL`, string(uai), at, by)
	if err != nil {
		return fmt.Errorf("end the hosting: %w", err)
	}
	return t.exec(ctx, `UPDATE establishment SET host = NULL WHERE uai = $1`, string(uai))
}
