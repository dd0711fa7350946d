-- +goose Up

ALTER TABLE delegation ADD COLUMN source text NOT NULL DEFAULT 'page';
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE delegation ADD CONSTRAINT delegation_source CHECK (source IN ('page', 'claims'));
COMMENT ON COLUMN delegation.source IS 'given on a page, or carried by the directory and read at each sign-in of whom it was given to';

ALTER TABLE person ADD COLUMN sessions_from timestamptz;
COMMENT ON COLUMN person.sessions_from IS 'sessions that began before have been ended; null: none has';

-- +goose Down
ALTER TABLE person DROP COLUMN sessions_from;
ALTER TABLE delegation DROP CONSTRAINT delegation_source, DROP COLUMN source;
