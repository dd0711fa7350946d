-- +goose NO TRANSACTION
-- A uid compares without case (RFC 4519, 2.39), and is kept in small letters from here on. Those that have capitals lose them, but where somebody
-- else has that uid already: support is shown both. Of several one gets it, first whoever holds a key. Whoever has a role keeps the capitals until
-- the next sign-in or import: the audit knows whose the role is by the uid, and only the program may write there.

-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS person_uid_lower ON person (lower(uid));
CREATE INDEX CONCURRENTLY IF NOT EXISTS assignment_old_code ON assignment (old_code) WHERE old_code IS NOT NULL;

SET statement_timeout = 0; -- of the whole; each batch is short
-- +goose StatementBegin
DO $$
DECLARE
    done text := '';
    upto text;
BEGIN
    LOOP
        SELECT uid INTO upto FROM (SELECT lower(uid) AS uid FROM person WHERE lower(uid) > done ORDER BY lower(uid) LIMIT 1000) batch
            ORDER BY uid DESC LIMIT 1;
        EXIT WHEN upto IS NULL;
        UPDATE person p SET uid = lower(p.uid) WHERE p.id IN (SELECT DISTINCT ON (lower(o.uid)) o.id FROM person o
            WHERE o.uid <> lower(o.uid) AND lower(o.uid) > done AND lower(o.uid) <= upto
            AND NOT EXISTS (SELECT FROM person known WHERE lower(known.uid) = lower(o.uid)
                AND (known.uid = lower(known.uid) OR known.support OR known.auditor))
            ORDER BY lower(o.uid), EXISTS (SELECT FROM key k WHERE k.holder = o.id) DESC, o.created_at, o.id);
        COMMIT;
        done := upto;
    END LOOP;
END $$;
-- +goose StatementEnd
RESET statement_timeout;

-- +goose Down
DROP INDEX assignment_old_code, person_uid_lower;
