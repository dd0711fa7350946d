-- +goose NO TRANSACTION
-- What operators' figures ask each half minute: the mails that wait for their relay, a few among years of them, and the keys that schools have
-- to give, or will have.

-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS mail_queued ON mail (created_at) WHERE state = 'queued';
CREATE INDEX CONCURRENTLY IF NOT EXISTS key_to_give ON key (uai, state) WHERE state IN ('in_transit', 'in_stock', 'reserved', 'attributed');

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS key_to_give;
DROP INDEX CONCURRENTLY IF EXISTS mail_queued;
