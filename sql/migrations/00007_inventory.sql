-- +goose Up

-- What somebody found in an establishment's drawer, as it was then.
CREATE TABLE inventory (
    id        uuid PRIMARY KEY,
    uai       text NOT NULL REFERENCES establishment,
    by_person uuid REFERENCES person,
    at        timestamptz NOT NULL,
    comment   text NOT NULL
);
CREATE INDEX inventory_by_uai ON inventory (uai, at DESC, id);

CREATE TABLE inventory_line (
    inventory uuid NOT NULL REFERENCES inventory,
    serial    text NOT NULL CHECK (serial ~ '^[0-9A-Z]{1,64}$'),
    finding   text NOT NULL CHECK (finding IN ('found', 'missing', 'unexpected', 'elsewhere', 'unknown')),
    state     text NOT NULL DEFAULT '',
    PRIMARY KEY (inventory, serial)
);

-- A key in a drawer that OKEY did not know: support confirms it, or not.
CREATE TABLE key_report (
    id         uuid PRIMARY KEY,
    serial     text NOT NULL CHECK (serial ~ '^[0-9A-Z]{1,64}$'),
    uai        text NOT NULL REFERENCES establishment,
    inventory  uuid NOT NULL REFERENCES inventory,
    by_person  uuid REFERENCES person,
    at         timestamptz NOT NULL,
    state      text NOT NULL CHECK (state IN ('pending', 'confirmed', 'rejected')),
    decided_by uuid REFERENCES person,
    decided_at timestamptz,
    comment    text NOT NULL DEFAULT '',
    CHECK ((state = 'pending') = (decided_at IS NULL))
);
CREATE UNIQUE INDEX key_report_pending ON key_report (serial) WHERE state = 'pending';
CREATE INDEX key_report_by_age ON key_report (at, id) WHERE state = 'pending';

-- +goose Down
DROP TABLE key_report, inventory_line, inventory;
