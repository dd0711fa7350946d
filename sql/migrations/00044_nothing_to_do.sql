-- +goose NO TRANSACTION
-- What each night looks for among years of rows, and seldom finds: texts that are still there, by their age, and mails and links by theirs.

-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS request_need ON request (closed_at) WHERE need <> '';
CREATE INDEX CONCURRENTLY IF NOT EXISTS timeline_comment ON timeline (at) WHERE comment <> '';
CREATE INDEX CONCURRENTLY IF NOT EXISTS action_text ON action (judged_at) WHERE content ? 'comment' OR content ? 'need';
CREATE INDEX CONCURRENTLY IF NOT EXISTS key_event_comment ON key_event (at) WHERE comment <> '';
CREATE INDEX CONCURRENTLY IF NOT EXISTS mail_by_age ON mail (created_at);
CREATE INDEX CONCURRENTLY IF NOT EXISTS link_end ON link (expires_at);
CREATE INDEX CONCURRENTLY IF NOT EXISTS assignment_reason ON assignment (until) WHERE reason <> '';
CREATE INDEX CONCURRENTLY IF NOT EXISTS person_idle ON person (idle_since) WHERE idle_since IS NOT NULL AND erased_at IS NULL;
-- What each minute and each page about stock looks for: a few among all.
CREATE INDEX CONCURRENTLY IF NOT EXISTS request_waits ON request (uai) WHERE stage = 'awaiting_stock' AND NOT wake_up_owed;
CREATE INDEX CONCURRENTLY IF NOT EXISTS key_in_transit ON key (serial) WHERE state = 'in_transit';

-- +goose Down
DROP INDEX key_in_transit, request_waits, person_idle, assignment_reason, link_end, mail_by_age, key_event_comment, action_text, timeline_comment, request_need;
