-- +goose NO TRANSACTION
-- The order of the list of keys by state, as sql/key_list.go says it; that of 00043 stays for the version before. What each minute
-- looks for, and what may become of a key.

-- +goose Up
SET statement_timeout = 0;
ALTER TABLE key VALIDATE CONSTRAINT key_state_check;
ALTER TABLE key VALIDATE CONSTRAINT key_in_hand_has_holder;
ALTER TABLE key VALIDATE CONSTRAINT key_pin_is_somebodys;
ALTER TABLE key VALIDATE CONSTRAINT key_suspended_is_due;
CREATE INDEX CONCURRENTLY IF NOT EXISTS key_by_life ON key
    ((array_position('{in_transit,in_stock,reserved,attributed,in_service,suspended,lost,defective,retired}'::text[], state)), serial);
CREATE INDEX CONCURRENTLY IF NOT EXISTS key_due ON key (due_at) WHERE due_at IS NOT NULL;
INSERT INTO key_transition (from_state, reason, to_state) VALUES
    ('in_service', 'mislaid', 'suspended'), ('suspended', 'recovered', 'in_service'), ('suspended', 'return_to_stock', 'in_stock'),
    ('suspended', 'lost', 'lost'), ('suspended', 'defective', 'defective'), ('suspended', 'retired', 'retired')
    ON CONFLICT DO NOTHING;
RESET statement_timeout;

-- +goose Down
DELETE FROM key_transition WHERE 'suspended' IN (from_state, to_state);
DROP INDEX CONCURRENTLY IF EXISTS key_due;
DROP INDEX CONCURRENTLY IF EXISTS key_by_life;
