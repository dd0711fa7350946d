-- +goose Up

-- What the daily watch has told, so that it is told once. A notice goes when what it was about has ended. Its run is the workflow that tells it:
-- tried again, that finds it again.
CREATE TABLE watch_notice (
    id      uuid PRIMARY KEY,
    kind    text NOT NULL CHECK (kind IN ('low_stock', 'key_expires', 'holder_left')),
    subject text NOT NULL,
    step    text NOT NULL,
    uai     text NOT NULL REFERENCES establishment,
    run     text NOT NULL,
    at      timestamptz NOT NULL,
    UNIQUE (kind, subject, step)
);
CREATE INDEX watch_notice_run ON watch_notice (run, id);

-- +goose Down
DROP TABLE watch_notice;
