-- A mail that the relay has in full, without saying whether it took it, is one more copy with each attempt: such attempts are counted, and the
-- next one waits.

-- +goose Up
ALTER TABLE mail ADD COLUMN unanswered integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN mail.unanswered IS 'attempts that ended with the whole message at the relay, and no word whether it took it';
ALTER TABLE mail ADD COLUMN not_before timestamptz;
COMMENT ON COLUMN mail.not_before IS 'when it is tried again at the earliest; null: at any time';

-- +goose Down
ALTER TABLE mail DROP COLUMN not_before, DROP COLUMN unanswered;
