-- What was noted by hand on an order is matched by the keys that enter the stock later, before these are booked on another order. And an
-- order whose last keys will never come can be closed: cancelled where none came, received where some did.

-- +goose Up
ALTER TABLE key_order ADD COLUMN noted integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN key_order.noted IS 'of those received: noted by hand, and not matched by keys that entered the stock yet; 0 for what was noted before this column was';
ALTER TABLE key_order DROP CONSTRAINT key_order_check2, DROP CONSTRAINT key_order_check3;
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE key_order ADD CONSTRAINT key_order_noted CHECK (noted BETWEEN 0 AND received);
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE key_order ADD CONSTRAINT key_order_exported CHECK (state = 'cancelled' OR (state = 'placed') = (export IS NULL));
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE key_order ADD CONSTRAINT key_order_received CHECK (CASE state WHEN 'received' THEN received > 0 ELSE received < quantity END);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX key_order_noted ON key_order (number) WHERE noted > 0;

ALTER TABLE order_event ADD COLUMN delivery uuid;
ALTER TABLE order_event ADD COLUMN entered integer NOT NULL DEFAULT 0;
-- squawk-ignore constraint-missing-not-valid, adding-foreign-key-constraint
ALTER TABLE order_event ADD CONSTRAINT order_event_delivery FOREIGN KEY (delivery) REFERENCES delivery;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX order_event_delivery ON order_event (delivery) WHERE delivery IS NOT NULL;
COMMENT ON COLUMN order_event.delivery IS 'that brought the keys; null: noted by hand';
COMMENT ON COLUMN order_event.entered IS 'of the keys noted by hand before: how many entered the stock by this';

-- +goose Down
ALTER TABLE order_event DROP COLUMN entered, DROP COLUMN delivery;
DROP INDEX key_order_noted;
ALTER TABLE key_order DROP CONSTRAINT key_order_received, DROP CONSTRAINT key_order_exported, DROP COLUMN noted;
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE key_order ADD CONSTRAINT key_order_check2 CHECK ((state IN ('placed', 'cancelled')) = (export IS NULL)) NOT VALID;
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE key_order ADD CONSTRAINT key_order_check3 CHECK ((state = 'received') = (received = quantity)) NOT VALID;
