-- Keys that support is still to confirm follow to the successor too: the record names them.

-- +goose Up
ALTER TABLE succession_item DROP CONSTRAINT succession_item_kind_check;
ALTER TABLE succession_item ADD CONSTRAINT succession_item_kind_check CHECK (kind IN ('key', 'request', 'order', 'proposal', 'report')) NOT VALID;
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE succession_item VALIDATE CONSTRAINT succession_item_kind_check;

-- +goose Down
DELETE FROM succession_item WHERE kind = 'report';
ALTER TABLE succession_item DROP CONSTRAINT succession_item_kind_check;
ALTER TABLE succession_item ADD CONSTRAINT succession_item_kind_check CHECK (kind IN ('key', 'request', 'order', 'proposal'));
