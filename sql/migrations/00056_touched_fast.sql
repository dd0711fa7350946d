-- +goose NO TRANSACTION
-- Programs ask what has changed since they last did: little among all.

-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS request_touched ON request (touched_at);
CREATE INDEX CONCURRENTLY IF NOT EXISTS key_order_touched ON key_order (touched_at);

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS key_order_touched;
DROP INDEX CONCURRENTLY IF EXISTS request_touched;
