-- +goose Up

-- A workbook of placed orders: built once, kept as it was sent.
CREATE TABLE order_export (
    id         uuid PRIMARY KEY,
    by_person  uuid REFERENCES person,
    at         timestamptz NOT NULL,
    orders     integer NOT NULL CHECK (orders > 0),
    keys       integer NOT NULL CHECK (keys > 0),
    file_name  text NOT NULL,
    workbook   bytea NOT NULL,
    sha256     text NOT NULL
);
CREATE INDEX order_export_by_age ON order_export (at DESC, id);

-- An order of keys by an establishment. The states are the domain's (okey.OrderTransitions).
CREATE TABLE key_order (
    id          uuid PRIMARY KEY,
    number      bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    uai         text NOT NULL REFERENCES establishment,
    quantity    integer NOT NULL CHECK (quantity BETWEEN 1 AND 500),
    received    integer NOT NULL DEFAULT 0 CHECK (received BETWEEN 0 AND quantity),
    comment     text NOT NULL,
    state       text NOT NULL CHECK (state IN ('placed', 'exported', 'shipped', 'partly_received', 'received', 'cancelled')),
    by_person   uuid REFERENCES person,
    placed_at   timestamptz NOT NULL,
    export      uuid REFERENCES order_export,
    exported_at timestamptz,
    closed_at   timestamptz,
    CHECK ((state IN ('received', 'cancelled')) = (closed_at IS NOT NULL)),
    CHECK ((state IN ('placed', 'cancelled')) = (export IS NULL)),
    CHECK ((state = 'received') = (received = quantity)),
    CHECK (state <> 'partly_received' OR received > 0)
);
CREATE INDEX key_order_by_uai ON key_order (uai, placed_at DESC, id);
CREATE INDEX key_order_by_age ON key_order (placed_at DESC, id);
CREATE INDEX key_order_open ON key_order (id) WHERE closed_at IS NULL;
CREATE INDEX key_order_of_export ON key_order (export) WHERE export IS NOT NULL;

CREATE TABLE order_event (
    key_order uuid NOT NULL REFERENCES key_order,
    seq       integer NOT NULL,
    at        timestamptz NOT NULL,
    state     text NOT NULL,
    keys      integer NOT NULL DEFAULT 0,
    by_person uuid REFERENCES person,
    comment   text NOT NULL DEFAULT '',
    PRIMARY KEY (key_order, seq)
);

-- +goose Down
DROP TABLE order_event, key_order, order_export;
