-- A key that its holder has mislaid is accepted nowhere until it is found; when its time is over it is lost. Holder and PIN stay with it.

-- +goose Up
ALTER TABLE key ADD COLUMN due_at timestamptz;
COMMENT ON COLUMN key.due_at IS 'of a suspended key: when it is lost';
ALTER TABLE key DROP CONSTRAINT key_state_check, DROP CONSTRAINT key_check1, DROP CONSTRAINT key_check2;
ALTER TABLE key
    ADD CONSTRAINT key_state_check CHECK
        (state IN ('in_transit', 'in_stock', 'reserved', 'attributed', 'in_service', 'suspended', 'lost', 'defective', 'retired')) NOT VALID,
    ADD CONSTRAINT key_in_hand_has_holder CHECK ((state IN ('in_service', 'suspended')) = (holder IS NOT NULL)) NOT VALID,
    ADD CONSTRAINT key_pin_is_somebodys CHECK (state IN ('attributed', 'in_service', 'suspended') OR pin_hash IS NULL) NOT VALID,
    ADD CONSTRAINT key_suspended_is_due CHECK (state <> 'suspended' OR due_at IS NOT NULL) NOT VALID;

-- +goose Down
ALTER TABLE key DROP CONSTRAINT key_suspended_is_due, DROP CONSTRAINT key_pin_is_somebodys, DROP CONSTRAINT key_in_hand_has_holder,
    DROP CONSTRAINT key_state_check;
ALTER TABLE key
    ADD CONSTRAINT key_state_check CHECK
        (state IN ('in_transit', 'in_stock', 'reserved', 'attributed', 'in_service', 'lost', 'defective', 'retired')),
    ADD CONSTRAINT key_check1 CHECK ((state = 'in_service') = (holder IS NOT NULL)),
    ADD CONSTRAINT key_check2 CHECK (state IN ('attributed', 'in_service') OR pin_hash IS NULL);
ALTER TABLE key DROP COLUMN due_at;
