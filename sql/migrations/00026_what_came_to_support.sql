-- Support's pages ask which open requests came to them: a few among all. Looked for from these, not from every open request.

-- +goose Up
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX mail_to_support ON mail (request, kind, created_at) WHERE kind IN ('nobody', 'decision_late', 'order_late', 'handover_late');
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX timeline_to_support ON timeline (request) WHERE kind = 'to_support';

-- +goose Down
DROP INDEX timeline_to_support, mail_to_support;
