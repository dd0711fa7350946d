-- +goose Up

-- That the holder of a key has tried it, and what became of that. Of PIN and code nothing is kept.
CREATE TABLE key_trial (
    id      uuid PRIMARY KEY,
    serial  text NOT NULL REFERENCES key ON DELETE CASCADE,
    person  uuid NOT NULL REFERENCES person,
    at      timestamptz NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('accepted', 'refused', 'away')),
    cause   text NOT NULL DEFAULT '',
    CHECK ((outcome = 'refused') = (cause <> ''))
);
CREATE INDEX key_trial_of_key ON key_trial (serial, at);
CREATE INDEX key_trial_by_age ON key_trial (at);
CREATE INDEX key_trial_of_person ON key_trial (person);
COMMENT ON COLUMN key_trial.cause IS 'the likely one, by the table of okey/trial.go';

-- +goose Down
DROP TABLE key_trial;
