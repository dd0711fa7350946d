-- +goose Up
ALTER TABLE person ADD COLUMN idle_since timestamptz;
COMMENT ON COLUMN person.idle_since IS 'since when this person is nothing to OKEY: no function, no key, no open request; null: they are something';
ALTER TABLE person ADD COLUMN erased_at timestamptz;
COMMENT ON COLUMN person.erased_at IS 'when name, address and uid were taken away; null: they are there';

-- +goose Down
ALTER TABLE person DROP COLUMN erased_at, DROP COLUMN idle_since;
