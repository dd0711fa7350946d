-- Whom a source still names by the code of a school that has a successor; and what whoever imports people should know, and nothing is wrong with.

-- +goose Up
ALTER TABLE assignment ADD COLUMN old_code text;
COMMENT ON COLUMN assignment.old_code IS 'the closed establishment whose code its source still says for this one; null: it says its own';

ALTER TABLE import_run ADD COLUMN notes text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN import_run.notes IS 'what support should know, the first thousand: French sentences';

-- +goose Down
ALTER TABLE import_run DROP COLUMN notes;
ALTER TABLE assignment DROP COLUMN old_code;
