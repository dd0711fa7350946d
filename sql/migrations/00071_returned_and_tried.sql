-- A key may be tried when it comes back, too: its story says so after the trial itself is erased.

-- +goose Up
ALTER TABLE key_event ADD COLUMN tried_at timestamptz;
COMMENT ON COLUMN key_event.tried_at IS 'of a key that changed hands: when the authentication server had accepted it';

-- +goose Down
ALTER TABLE key_event DROP COLUMN tried_at;
