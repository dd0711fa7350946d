-- +goose NO TRANSACTION
-- Words of a holder's name and uid, among keys: what people are sought by besides (00043) has their addresses, too, and whoever looks for a
-- Martin among a million came upon all who work in the academy of Martinique.

-- +goose Up
SET statement_timeout = 0;
CREATE INDEX CONCURRENTLY IF NOT EXISTS person_called ON person
    USING gin ((split_part(sought, E'\n', 3) || ' ' || split_part(sought, E'\n', 4)) gin_trgm_ops);
RESET statement_timeout;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS person_called;
