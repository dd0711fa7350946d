-- +goose NO TRANSACTION
-- How many mails wait for their relay, and for how long, is asked each half minute: few among years of them.

-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS mail_queued ON mail (created_at) WHERE state = 'queued';

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS mail_queued;
