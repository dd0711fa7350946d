-- What whoever imported people should know, and nothing is wrong with.

-- +goose Up
ALTER TABLE import_run ADD COLUMN notes text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN import_run.notes IS 'what support should know, the first thousand: French sentences';

-- +goose Down
ALTER TABLE import_run DROP COLUMN notes;
