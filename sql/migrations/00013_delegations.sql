-- Who ended a delegation, and whether its holder knows that it has begun. What support arranges by hand is kept with its reason: people whom it
-- attaches to an establishment, and establishments that answer for others.

-- +goose Up
-- Some hundred rows: the locks that squawk warns of last milliseconds.
ALTER TABLE delegation ADD COLUMN ended_by uuid;
ALTER TABLE delegation ADD CONSTRAINT delegation_ended_by_fkey FOREIGN KEY (ended_by) REFERENCES person NOT VALID;
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE delegation VALIDATE CONSTRAINT delegation_ended_by_fkey;
ALTER TABLE delegation ADD COLUMN begun_at timestamptz;
UPDATE delegation SET begun_at = created_at;
COMMENT ON COLUMN delegation.begun_at IS 'when its holder was to be told that it begins; null: that day is still to come';
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX delegation_to_begin ON delegation (from_day) WHERE begun_at IS NULL AND ended_at IS NULL;

-- A person whom support attached to an establishment. While it holds, an assignment of source support stands beside it.
CREATE TABLE attachment (
    id         uuid PRIMARY KEY,
    person     uuid NOT NULL REFERENCES person,
    uai        text NOT NULL REFERENCES establishment,
    function   text NOT NULL CHECK (function IN ('chef', 'adjoint', 'personnel')),
    until_day  date,
    reason     text NOT NULL,
    given_by   uuid REFERENCES person,
    created_at timestamptz NOT NULL,
    ended_at   timestamptz,
    ended_by   uuid REFERENCES person
);
CREATE UNIQUE INDEX attachment_one_open ON attachment (person, uai) WHERE ended_at IS NULL;
CREATE INDEX attachment_by_age ON attachment (created_at DESC, id);
INSERT INTO attachment (id, person, uai, function, until_day, reason, created_at)
    SELECT DISTINCT ON (person, uai) gen_random_uuid(), person, uai, function, until, reason, since FROM assignment WHERE source = 'support' ORDER BY person, uai, function;

-- An establishment that answers for another one, which has no head. While it holds, it is the other one's host.
CREATE TABLE hosting (
    id         uuid PRIMARY KEY,
    uai        text NOT NULL REFERENCES establishment,
    host       text NOT NULL REFERENCES establishment,
    reason     text NOT NULL,
    given_by   uuid REFERENCES person,
    created_at timestamptz NOT NULL,
    ended_at   timestamptz,
    ended_by   uuid REFERENCES person,
    CHECK (host <> uai)
);
CREATE UNIQUE INDEX hosting_one_open ON hosting (uai) WHERE ended_at IS NULL;
CREATE INDEX hosting_by_age ON hosting (created_at DESC, id);
INSERT INTO hosting (id, uai, host, reason, created_at) SELECT gen_random_uuid(), uai, host, '', imported_at FROM establishment WHERE host IS NOT NULL;

-- +goose Down
DROP TABLE hosting, attachment;
DROP INDEX delegation_to_begin;
ALTER TABLE delegation DROP COLUMN begun_at;
ALTER TABLE delegation DROP COLUMN ended_by;
