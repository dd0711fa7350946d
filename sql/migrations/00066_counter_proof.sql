-- +goose Up

-- A key may be tried before its handover: for which request, and on whose screen where it was not the holder's own; and, beside the handover
-- in the request's story, when it was accepted, which outlives the trial.
ALTER TABLE key_trial ADD COLUMN request uuid, ADD COLUMN witness uuid;
ALTER TABLE key_trial
    ADD CONSTRAINT key_trial_request_fkey FOREIGN KEY (request) REFERENCES request ON DELETE CASCADE NOT VALID,
    ADD CONSTRAINT key_trial_witness_fkey FOREIGN KEY (witness) REFERENCES person NOT VALID;
ALTER TABLE timeline ADD COLUMN tried_at timestamptz;

-- Such a trial is under way: pin-checks answers for the key although nobody has it in hand.
CREATE TABLE key_proof (
    serial   text PRIMARY KEY REFERENCES key ON DELETE CASCADE,
    begun_at timestamptz NOT NULL
);

-- +goose Down
DROP TABLE key_proof;
ALTER TABLE timeline DROP COLUMN tried_at;
ALTER TABLE key_trial DROP COLUMN witness, DROP COLUMN request;
