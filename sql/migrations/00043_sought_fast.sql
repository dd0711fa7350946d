-- +goose NO TRANSACTION
-- People and establishments that are there already are filled in by the thousand; indexes for the search, for lists in another order than by
-- serial, and for what each night and each morning looks for.

-- +goose Up
SET statement_timeout = 0; -- of the whole; each batch is short
-- +goose StatementBegin
DO $$
DECLARE
    done uuid := '00000000-0000-0000-0000-000000000000';
    upto uuid;
BEGIN
    UPDATE establishment SET uai = uai WHERE sought IS NULL;
    COMMIT;
    LOOP
        SELECT id INTO upto FROM (SELECT id FROM person WHERE id > done ORDER BY id LIMIT 1000) batch ORDER BY id DESC LIMIT 1;
        EXIT WHEN upto IS NULL;
        UPDATE person SET uid = uid WHERE id > done AND id <= upto AND sought IS NULL;
        COMMIT;
        done := upto;
    END LOOP;
END $$;
-- +goose StatementEnd
CREATE INDEX CONCURRENTLY IF NOT EXISTS person_sought ON person USING gin (sought gin_trgm_ops);
CREATE INDEX CONCURRENTLY IF NOT EXISTS establishment_sought ON establishment USING gin (sought gin_trgm_ops);
CREATE INDEX CONCURRENTLY IF NOT EXISTS mail_address ON mail (lower(address)) WHERE address <> '';
-- Of an expression: PostgreSQL would take it for a very serial number, too, where the primary key is a hundred times as fast.
CREATE INDEX CONCURRENTLY IF NOT EXISTS key_serial ON key USING gin ((serial || '') gin_trgm_ops);
CREATE INDEX CONCURRENTLY IF NOT EXISTS key_stem ON key (ltrim(serial, '0'));
CREATE INDEX CONCURRENTLY IF NOT EXISTS key_batch ON key (batch);
-- The orders of the list of keys, as sql/key_list.go says them.
CREATE INDEX CONCURRENTLY IF NOT EXISTS person_order ON person ((fold(family_name || ' ' || given_name || ' ' || uid) COLLATE "C"));
CREATE INDEX CONCURRENTLY IF NOT EXISTS establishment_order ON establishment (((fold(name) || ' ' || uai) COLLATE "C"));
CREATE INDEX CONCURRENTLY IF NOT EXISTS key_by_state ON key
    ((array_position('{in_transit,in_stock,reserved,attributed,in_service,lost,defective,retired}'::text[], state)), serial);
CREATE INDEX CONCURRENTLY IF NOT EXISTS key_by_batch ON key ((CASE WHEN batch = '' THEN '1' ELSE '0' || lower(batch) END COLLATE "C"), serial);
CREATE INDEX CONCURRENTLY IF NOT EXISTS key_by_expiry ON key (expires_on, serial);
CREATE INDEX CONCURRENTLY IF NOT EXISTS key_by_login ON key (coalesce(last_login_at, 'infinity'), serial);
CREATE INDEX CONCURRENTLY IF NOT EXISTS key_unheld ON key (serial) WHERE holder IS NULL;
RESET statement_timeout;

-- +goose Down
DROP INDEX key_unheld, key_by_login, key_by_expiry, key_by_batch, key_by_state, establishment_order, person_order, key_batch, key_stem, key_serial, mail_address, establishment_sought, person_sought;
