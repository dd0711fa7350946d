-- +goose Up

-- When a receiver last missed events, so that whoever reads of it can tell whether it has read all keys since.
ALTER TABLE webhook_receiver ADD COLUMN missed_at timestamptz;
COMMENT ON COLUMN webhook_receiver.missed_at IS 'when it was last found to have missed some';

-- +goose Down
ALTER TABLE webhook_receiver DROP COLUMN missed_at;
