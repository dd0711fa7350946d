package sql

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"time"

	"okey/okey"

	"github.com/google/uuid"
)

// ListedHosting is a hosting with the names that a list shows, and until when the establishment has a head of its own.
type ListedHosting struct {
	okey.Hosting
	ArrangementNames
	HostName string
	academy  string
	headed   okey.Day // the last day; zero for nobody
}

// Headed tells whether the establishment has a head of its own at an instant, by its own calendar.
func (h ListedHosting) Headed(at time.Time) bool {
	return h.EndedAt.IsZero() && !h.headed.IsZero() && !h.headed.Before(okey.DayOf(at, okey.ZoneOf(h.academy)))
}

type hostingRow struct {
	arrangementRow
	Host     okey.UAI        `db:"host"`
	Reason   string          `db:"reason"`
	HostName string          `db:"host_name"`
	Academy  string          `db:"academy"`
	Headed   stdsql.NullTime `db:"headed"`
}

// A succession takes hosts along: while a hosting holds, the establishment itself says who its host is.
const (
	selectHosting = `SELECT ` + arrangementColumns + `, o.uai AS host, o.name AS host_name, d.reason,
		e.academy, (SELECT max(coalesce(a.until, DATE '9999-12-31')) FROM assignment a
			WHERE a.uai = d.uai AND a.function IN ('chef', 'adjoint')) AS headed
		FROM hosting d` + arrangementTables + `JOIN establishment o ON o.uai = ` + hostNow + ` `
	hostNow = `CASE WHEN d.ended_at IS NULL THEN coalesce(e.host, d.host) ELSE d.host END`
)

func (h hostingRow) hosting() ListedHosting {
	return ListedHosting{
		Hosting: okey.Hosting{
			ID: h.ID, UAI: h.UAI, Host: h.Host, Reason: h.Reason, By: h.By.UUID,
			At: utc(h.At), EndedAt: utc(h.EndedAt.Time), EndedBy: h.EndedBy.UUID,
		},
		ArrangementNames: h.ArrangementNames, HostName: h.HostName, academy: h.Academy, headed: dayOf(h.Headed),
	}
}

// Hosting answers not_found for an unknown id.
func (r reader) Hosting(ctx context.Context, id uuid.UUID) (ListedHosting, error) {
	var row hostingRow
	err := r.get(ctx, &row, "Cela n'existe pas, ou n'existe plus.", selectHosting+`WHERE d.id = $1`, id)
	return row.hosting(), err
}

// Hostings returns those that hold, and those that ended since the instant, newest first.
func (r reader) Hostings(ctx context.Context, since time.Time, limit int) ([]ListedHosting, error) {
	return listed(ctx, r, hostingRow.hosting, selectHosting+recentArrangements, since, limit)
}

// ProposedHost is an establishment that nobody heads, with the school that it is a part of, where somebody could answer.
type ProposedHost struct {
	UAI      okey.UAI `db:"uai"`
	School   string   `db:"school"`
	Host     okey.UAI `db:"host"`
	HostName string   `db:"host_name"`
}

// ProposedHosts returns those whose mother school, or the one that has replaced it, could answer for them on the day, by name.
func (r reader) ProposedHosts(ctx context.Context, on okey.Day, limit int) ([]ProposedHost, error) {
	var found []ProposedHost
	err := r.all(ctx, &found, `WITH headed AS (SELECT DISTINCT uai FROM assignment
			WHERE function IN ('chef', 'adjoint') AND (until IS NULL OR until >= $1::date))
		SELECT e.uai, e.name AS school, h.uai AS host, h.name AS host_name
		FROM establishment e JOIN establishment m ON m.uai = e.mother JOIN establishment h ON h.uai = coalesce(m.successor, m.uai)
		WHERE e.served AND e.successor IS NULL AND e.host IS NULL AND h.served AND h.host IS NULL AND h.uai <> e.uai
		AND NOT e.uai IN (SELECT uai FROM headed) AND h.uai IN (SELECT uai FROM headed)
		AND NOT EXISTS (SELECT FROM establishment hosted WHERE hosted.host = e.uai)
		ORDER BY e.name, e.uai LIMIT $2`, on.String(), limit)
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
		if again, err := repeated(known.UAI == h.UAI && known.Host == h.Host && known.Reason == h.Reason, err); again {
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
		t.Audit(hostingEntry(h, "host_named", h.By, h.At))
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

// EndHosting lets an establishment answer for itself again. Ended before, it stays as it was. not_found for an unknown id.
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
		t.Audit(hostingEntry(h.Hosting, "host_ended", by, at))
		return t.FollowUp(ctx, told)
	})
	return told, err
}

func hostingEntry(h okey.Hosting, event string, by okey.PersonID, at time.Time) Entry {
	return Entry{At: at, Event: event, Actor: by, Via: okey.ViaSupport, Subject: "establishment:" + string(h.UAI), Detail: string(h.Host)}
}

func (t *Tx) endHosting(ctx context.Context, uai okey.UAI, by okey.PersonID, at time.Time) error {
	err := t.exec(ctx, `UPDATE hosting SET ended_at = $2, ended_by = $3,
			host = coalesce((SELECT nullif(e.host, hosting.uai) FROM establishment e WHERE e.uai = hosting.uai), host)
		WHERE uai = $1 AND ended_at IS NULL`, string(uai), at, by)
	if err != nil {
		return fmt.Errorf("end the hosting: %w", err)
	}
	return t.exec(ctx, `UPDATE establishment SET host = NULL WHERE uai = $1`, string(uai))
}
