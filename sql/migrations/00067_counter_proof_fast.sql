-- +goose NO TRANSACTION
-- The trials of a request, and of whoever's screen it was.

-- +goose Up
SET statement_timeout = 0;
ALTER TABLE key_trial VALIDATE CONSTRAINT key_trial_request_fkey;
ALTER TABLE key_trial VALIDATE CONSTRAINT key_trial_witness_fkey;
CREATE INDEX CONCURRENTLY IF NOT EXISTS key_trial_of_request ON key_trial (request, at) WHERE request IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS key_trial_of_witness ON key_trial (witness) WHERE witness IS NOT NULL;
RESET statement_timeout;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS key_trial_of_witness;
DROP INDEX CONCURRENTLY IF EXISTS key_trial_of_request;
