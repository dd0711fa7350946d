-- People whom the academy's directory names beside those of staff files, neither undoing the other; and what each import did, for support.

-- +goose Up
ALTER TABLE assignment DROP CONSTRAINT assignment_source_check;
ALTER TABLE assignment ADD CONSTRAINT assignment_source_check CHECK (source IN ('import', 'directory', 'claims', 'support')) NOT VALID;
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE assignment VALIDATE CONSTRAINT assignment_source_check;

ALTER TABLE delegation DROP CONSTRAINT delegation_source;
ALTER TABLE delegation ADD CONSTRAINT delegation_source CHECK (source IN ('page', 'directory', 'claims')) NOT VALID;
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE delegation VALIDATE CONSTRAINT delegation_source;

CREATE TABLE import_run (
    id         uuid PRIMARY KEY,
    at         timestamptz NOT NULL,
    what       text NOT NULL CHECK (what IN ('establishments', 'staff', 'directory')),
    file       text NOT NULL,
    via        text NOT NULL CHECK (via IN ('api', 'support', 'engine')),
    by_person  uuid REFERENCES person,
    taken      boolean NOT NULL,
    read       integer NOT NULL,
    added      integer NOT NULL,
    changed    integer NOT NULL,
    unchanged  integer NOT NULL,
    removed    integer NOT NULL,
    left_out   integer NOT NULL,
    kept       integer NOT NULL,
    fault_count integer NOT NULL,
    faults     jsonb NOT NULL,
    gone       text[] NOT NULL
);
CREATE INDEX import_run_at ON import_run (at DESC, id);
COMMENT ON COLUMN import_run.faults IS 'what was wrong, the first thousand: where, a code, a French sentence';
COMMENT ON COLUMN import_run.gone IS 'who was removed: uid, name, establishment';

-- +goose Down
DROP TABLE import_run;
DELETE FROM delegation WHERE source = 'directory';
ALTER TABLE delegation DROP CONSTRAINT delegation_source;
ALTER TABLE delegation ADD CONSTRAINT delegation_source CHECK (source IN ('page', 'claims'));
DELETE FROM assignment WHERE source = 'directory';
ALTER TABLE assignment DROP CONSTRAINT assignment_source_check;
ALTER TABLE assignment ADD CONSTRAINT assignment_source_check CHECK (source IN ('import', 'claims', 'support'));
