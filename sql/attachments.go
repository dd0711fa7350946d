package sql

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"time"

	"okey/okey"

	"github.com/google/uuid"
)

// ListedAttachment is an attachment with the names that a list shows.
type ListedAttachment struct {
	okey.Attachment
	ArrangementNames
	Name, UID string

	Void bool // the establishment has a successor, or is not served: the function gives nothing
}

type attachmentRow struct {
	arrangementRow
	Person   uuid.UUID       `db:"person"`
	Function okey.Function   `db:"function"`
	Until    stdsql.NullTime `db:"until_day"`
	Reason   string          `db:"reason"`
	Name     string          `db:"name"`
	UID      string          `db:"uid"`
	Void     bool            `db:"void"`
}

const selectAttachment = `SELECT ` + arrangementColumns + `, d.person, d.function, d.until_day, d.reason,
	trim(p.given_name || ' ' || p.family_name) AS name, p.uid, (e.successor IS NOT NULL OR NOT e.served) AS void
	FROM attachment d JOIN person p ON p.id = d.person` + arrangementTables

func (m attachmentRow) attachment() ListedAttachment {
	return ListedAttachment{
		Attachment: okey.Attachment{
			ID: m.ID, Person: m.Person, UAI: m.UAI, Function: m.Function, Until: dayOf(m.Until), Reason: m.Reason, By: m.By.UUID,
			At: utc(m.At), EndedAt: utc(m.EndedAt.Time), EndedBy: m.EndedBy.UUID,
		},
		ArrangementNames: m.ArrangementNames, Name: m.Name, UID: m.UID, Void: m.Void,
	}
}

// Attachment answers not_found for an unknown id.
func (r reader) Attachment(ctx context.Context, id uuid.UUID) (ListedAttachment, error) {
	var row attachmentRow
	err := r.get(ctx, &row, "Ce rattachement n'existe pas.", selectAttachment+`WHERE d.id = $1`, id)
	return row.attachment(), err
}

// Attachments returns those that hold, and those that ended since the instant, newest first.
func (r reader) Attachments(ctx context.Context, since time.Time, limit int) ([]ListedAttachment, error) {
	return listed(ctx, r, attachmentRow.attachment, selectAttachment+recentArrangements, since, limit)
}

// Attach gives a person a function at an establishment until a day. It is support's: no staff file takes it away. An earlier attachment
// of the person there makes room for it.
func (s *Store) Attach(ctx context.Context, a okey.Attachment) (okey.Action, error) {
	told := followUp(a.ID, okey.ActionAttached, a.UAI, a.At)
	err := s.Do(ctx, func(t *Tx) error {
		if err := t.LockEstablishment(ctx, a.UAI); err != nil {
			return err
		}
		known, err := t.Attachment(ctx, a.ID)
		same := known.Person == a.Person && known.UAI == a.UAI && known.Function == a.Function &&
			known.Until == a.Until && known.Reason == a.Reason
		if again, err := repeated(same, err); again {
			return err
		}
		if err := t.detach(ctx, a.Person, a.UAI, a.By, a.At); err != nil {
			return err
		}
		err = t.exec(ctx, `INSERT INTO attachment (id, person, uai, function, until_day, reason, given_by, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			a.ID, a.Person, string(a.UAI), string(a.Function), nullDay(a.Until), a.Reason, a.By, a.At)
		if err != nil {
			return fmt.Errorf("write the attachment: %w", err)
		}
		err = t.exec(ctx, `INSERT INTO assignment (person, uai, function, source, until, reason, since)
			VALUES ($1, $2, $3, 'support', $4, $5, $6)`,
			a.Person, string(a.UAI), string(a.Function), nullDay(a.Until), a.Reason, a.At)
		if err != nil {
			return fmt.Errorf("write the assignment: %w", err)
		}
		t.Audit(attachmentEntry(a, "attached", a.By, a.At))
		return t.FollowUp(ctx, told)
	})
	return told, err
}

// Detach ends an attachment at once. Ended before, it stays as it was. not_found for an unknown id.
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
		t.Audit(attachmentEntry(a.Attachment, "detached", by, at))
		return t.FollowUp(ctx, told)
	})
	return told, err
}

func attachmentEntry(a okey.Attachment, event string, by okey.PersonID, at time.Time) Entry {
	return Entry{
		At: at, Event: event, Actor: by, Via: okey.ViaSupport, Subject: AboutPerson(a.Person),
		Detail: string(a.UAI) + "/" + string(a.Function),
	}
}

// detach takes away what support gave a person at an establishment; what imports or claims say of them stays.
func (t *Tx) detach(ctx context.Context, person okey.PersonID, uai okey.UAI, by okey.PersonID, at time.Time) error {
	err := t.exec(ctx, `UPDATE attachment SET ended_at = $3, ended_by = $4 WHERE person = $1 AND uai = $2 AND ended_at IS NULL`,
		person, string(uai), at, by)
	if err != nil {
		return fmt.Errorf("end the attachment: %w", err)
	}
	return t.exec(ctx, `DELETE FROM assignment WHERE person = $1 AND uai = $2 AND source = 'support'`, person, string(uai))
}
