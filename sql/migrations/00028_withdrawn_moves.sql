-- Whoever proposed that a key goes along may take that back.

-- +goose Up
ALTER TABLE key_move DROP CONSTRAINT key_move_state_check;
ALTER TABLE key_move ADD CONSTRAINT key_move_state_check CHECK (state IN ('proposed', 'accepted', 'refused', 'expired', 'ended', 'withdrawn')) NOT VALID;
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE key_move VALIDATE CONSTRAINT key_move_state_check;

-- +goose Down
UPDATE key_move SET state = 'ended' WHERE state = 'withdrawn';
ALTER TABLE key_move DROP CONSTRAINT key_move_state_check;
ALTER TABLE key_move ADD CONSTRAINT key_move_state_check CHECK (state IN ('proposed', 'accepted', 'refused', 'expired', 'ended'));
