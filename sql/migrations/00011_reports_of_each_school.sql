-- Two schools may report the same number: support sees both, and settles each.

-- +goose Up
-- squawk-ignore require-concurrent-index-creation
CREATE UNIQUE INDEX key_report_pending_there ON key_report (serial, uai) WHERE state = 'pending';
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX key_report_pending;

-- +goose Down
CREATE UNIQUE INDEX key_report_pending ON key_report (serial) WHERE state = 'pending';
DROP INDEX key_report_pending_there;
