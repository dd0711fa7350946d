-- What the page of the audit filters by.

-- +goose Up
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX audit_subject ON audit (split_part(subject, ':', 2), seq);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX audit_event ON audit (event, seq);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX audit_at ON audit (at);

-- +goose Down
DROP INDEX audit_at, audit_event, audit_subject;
