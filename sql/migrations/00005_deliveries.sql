-- +goose Up

-- A file of keys. It is written before anybody takes it: what a person confirms is what was shown. Serial numbers and dates are all that is
-- kept of the file.
CREATE TABLE delivery (
    id         uuid PRIMARY KEY,
    file_name  text NOT NULL,
    sum        text NOT NULL,
    announced  boolean NOT NULL,
    state      text NOT NULL CHECK (state IN ('draft', 'in_transit', 'arrived')),
    by_person  uuid REFERENCES person,
    created_at timestamptz NOT NULL,
    taken_at   timestamptz,
    CHECK ((state = 'draft') = (taken_at IS NULL))
);
CREATE INDEX delivery_by_age ON delivery (created_at DESC, id);
CREATE INDEX delivery_draft ON delivery (created_at) WHERE state = 'draft';

CREATE TABLE delivery_row (
    delivery   uuid NOT NULL REFERENCES delivery ON DELETE CASCADE,
    line       integer NOT NULL,
    serial     text NOT NULL CHECK (serial ~ '^[0-9A-Z]{1,64}$'),
    uai        text NOT NULL,
    batch      text NOT NULL,
    expires_on date NOT NULL,
    PRIMARY KEY (delivery, serial)
);
CREATE INDEX delivery_row_uai ON delivery_row (uai, delivery);

-- +goose Down
DROP TABLE delivery_row, delivery;
