-- A mail that its relay took may come back: when a report said so.

-- +goose Up
ALTER TABLE mail ADD COLUMN returned_at timestamptz;
COMMENT ON COLUMN mail.returned_at IS 'when a report came that it had not arrived; null: none did';

-- +goose Down
ALTER TABLE mail DROP COLUMN returned_at;
