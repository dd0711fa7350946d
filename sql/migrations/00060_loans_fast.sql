-- +goose NO TRANSACTION
-- The order of the list of keys by state, as sql/key_list.go says it; that of 00058 stays for the version before. What may become of a
-- key that is lent.

-- +goose Up
SET statement_timeout = 0;
ALTER TABLE key VALIDATE CONSTRAINT key_state_check;
ALTER TABLE key VALIDATE CONSTRAINT key_in_hand_has_holder;
ALTER TABLE key VALIDATE CONSTRAINT key_pin_is_somebodys;
ALTER TABLE key VALIDATE CONSTRAINT key_for_days_is_due;
ALTER TABLE request VALIDATE CONSTRAINT request_reason_check;
ALTER TABLE watch_notice VALIDATE CONSTRAINT watch_notice_kind_check;
CREATE INDEX CONCURRENTLY IF NOT EXISTS key_by_stage_of_life ON key
    ((array_position('{in_transit,in_stock,reserved,attributed,in_service,suspended,lent,lost,defective,retired}'::text[], state)), serial);
INSERT INTO key_transition (from_state, reason, to_state) VALUES
    ('in_stock', 'lent', 'lent'), ('attributed', 'lent', 'lent'), ('lent', 'return_to_stock', 'in_stock'), ('lent', 'lost', 'lost'),
    ('lent', 'defective', 'defective'), ('lent', 'retired', 'retired')
    ON CONFLICT DO NOTHING;
RESET statement_timeout;

-- +goose Down
DELETE FROM key_transition WHERE 'lent' IN (from_state, to_state);
DROP INDEX CONCURRENTLY IF EXISTS key_by_stage_of_life;
