-- A key is lent for some days to somebody whose own is mislaid, who asks for it and signs as for any.

-- +goose Up
COMMENT ON COLUMN key.due_at IS 'of a suspended key: when it is lost; of a lent one: when it is to be back';
ALTER TABLE key DROP CONSTRAINT key_state_check, DROP CONSTRAINT key_in_hand_has_holder, DROP CONSTRAINT key_pin_is_somebodys,
    DROP CONSTRAINT key_suspended_is_due;
ALTER TABLE key
    ADD CONSTRAINT key_state_check CHECK
        (state IN ('in_transit', 'in_stock', 'reserved', 'attributed', 'in_service', 'suspended', 'lent', 'lost', 'defective', 'retired')) NOT VALID,
    ADD CONSTRAINT key_in_hand_has_holder CHECK ((state IN ('in_service', 'suspended', 'lent')) = (holder IS NOT NULL)) NOT VALID,
    ADD CONSTRAINT key_pin_is_somebodys CHECK (state IN ('attributed', 'in_service', 'suspended', 'lent') OR pin_hash IS NULL) NOT VALID,
    ADD CONSTRAINT key_for_days_is_due CHECK (state NOT IN ('suspended', 'lent') OR due_at IS NOT NULL) NOT VALID;
ALTER TABLE request DROP CONSTRAINT request_reason_check;
ALTER TABLE request ADD CONSTRAINT request_reason_check CHECK (reason IN ('first', 'renewal', 'replacement', 'loan')) NOT VALID;
ALTER TABLE watch_notice DROP CONSTRAINT watch_notice_kind_check;
ALTER TABLE watch_notice ADD CONSTRAINT watch_notice_kind_check CHECK
    (kind IN ('low_stock', 'key_expires', 'keys_expire', 'holder_left', 'holders_left', 'move_expired', 'loan_ends', 'loans_over')) NOT VALID;

-- +goose Down
ALTER TABLE watch_notice DROP CONSTRAINT watch_notice_kind_check;
ALTER TABLE watch_notice ADD CONSTRAINT watch_notice_kind_check CHECK
    (kind IN ('low_stock', 'key_expires', 'keys_expire', 'holder_left', 'holders_left', 'move_expired'));
ALTER TABLE request DROP CONSTRAINT request_reason_check;
ALTER TABLE request ADD CONSTRAINT request_reason_check CHECK (reason IN ('first', 'renewal', 'replacement'));
ALTER TABLE key DROP CONSTRAINT key_for_days_is_due, DROP CONSTRAINT key_pin_is_somebodys, DROP CONSTRAINT key_in_hand_has_holder,
    DROP CONSTRAINT key_state_check;
ALTER TABLE key
    ADD CONSTRAINT key_state_check CHECK
        (state IN ('in_transit', 'in_stock', 'reserved', 'attributed', 'in_service', 'suspended', 'lost', 'defective', 'retired')),
    ADD CONSTRAINT key_in_hand_has_holder CHECK ((state IN ('in_service', 'suspended')) = (holder IS NOT NULL)),
    ADD CONSTRAINT key_pin_is_somebodys CHECK (state IN ('attributed', 'in_service', 'suspended') OR pin_hash IS NULL),
    ADD CONSTRAINT key_suspended_is_due CHECK (state <> 'suspended' OR due_at IS NOT NULL);
