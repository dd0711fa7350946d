-- +goose Up

-- Raised when support has new links mailed: whatever was mailed before leads nowhere from then on.
ALTER TABLE request ADD COLUMN link_issue integer NOT NULL DEFAULT 1 CHECK (link_issue > 0);

-- Wrong guesses of late, by where they came from: limits that hold with several servers.
CREATE TABLE attempt (
    kind  text NOT NULL,
    mark  bytea NOT NULL,
    since timestamptz NOT NULL,
    wrong integer NOT NULL CHECK (wrong > 0),
    PRIMARY KEY (kind, mark)
);
COMMENT ON COLUMN attempt.mark IS 'keyed hash of a network address: the address itself is not kept, nor to be found again without the key';
CREATE INDEX attempt_since ON attempt (since);

-- +goose Down
DROP TABLE attempt;
ALTER TABLE request DROP COLUMN link_issue;
