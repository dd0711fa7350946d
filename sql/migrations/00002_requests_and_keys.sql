-- +goose Up

CREATE TABLE charter (
    version      integer PRIMARY KEY CHECK (version > 0),
    body         text NOT NULL,
    sha256       text NOT NULL UNIQUE,
    published_at timestamptz NOT NULL
);

-- A person's wish for one key. Stages and their order are the domain's; the checks hold what no code may break.
CREATE TABLE request (
    id             uuid PRIMARY KEY,
    person         uuid NOT NULL REFERENCES person,
    uai            text NOT NULL REFERENCES establishment,
    need           text NOT NULL,
    reason         text NOT NULL CHECK (reason IN ('first', 'renewal', 'replacement')),
    stage          text NOT NULL CHECK (stage IN ('awaiting_decision', 'awaiting_stock', 'awaiting_charter', 'awaiting_handover',
                                                  'handed_over', 'refused', 'withdrawn', 'expired')),
    turn           integer NOT NULL DEFAULT 1,
    since          timestamptz NOT NULL,
    kept_until     timestamptz,
    asked_at       timestamptz NOT NULL,
    approved_at    timestamptz,
    charter        integer REFERENCES charter,
    charter_sha256 text,
    signed_at      timestamptz,
    pin_hash       text,
    wake_up_owed   boolean NOT NULL DEFAULT false,
    closed_at      timestamptz,
    handed_over_key text,
    CHECK ((stage IN ('handed_over', 'refused', 'withdrawn', 'expired')) = (closed_at IS NOT NULL)),
    CHECK (stage NOT IN ('awaiting_stock', 'awaiting_charter', 'awaiting_handover', 'handed_over') OR approved_at IS NOT NULL),
    CHECK (stage NOT IN ('awaiting_handover', 'handed_over') OR signed_at IS NOT NULL),
    CHECK ((signed_at IS NULL) = (charter IS NULL)),
    CHECK (closed_at IS NULL OR (NOT wake_up_owed AND pin_hash IS NULL))
);
COMMENT ON COLUMN request.pin_hash IS 'only between the loss of a signed-for key and the gift of the next one';
-- One open request a person: the index decides, not a look before.
CREATE UNIQUE INDEX request_one_open ON request (person) WHERE closed_at IS NULL;
CREATE INDEX request_line ON request (uai, approved_at, id) WHERE stage = 'awaiting_stock';
CREATE INDEX request_owed ON request (id) WHERE wake_up_owed;
CREATE INDEX request_by_uai ON request (uai, asked_at DESC, id);
CREATE INDEX request_by_person ON request (person, asked_at DESC, id);
CREATE INDEX request_by_age ON request (asked_at DESC, id);
CREATE INDEX request_awaited ON request (uai, stage, since, id) WHERE closed_at IS NULL;
CREATE INDEX request_open ON request (id) WHERE closed_at IS NULL;

-- A hardware token. A request has one key or none (unique), a key one holder or none (a column).
CREATE TABLE key (
    serial        text PRIMARY KEY CHECK (serial ~ '^[0-9A-Z]{1,64}$'),
    uai           text NOT NULL REFERENCES establishment,
    state         text NOT NULL CHECK (state IN ('in_transit', 'in_stock', 'reserved', 'attributed', 'in_service', 'lost', 'defective', 'retired')),
    batch         text NOT NULL,
    expires_on    date NOT NULL,
    holder        uuid REFERENCES person,
    request       uuid UNIQUE REFERENCES request,
    pin_hash      text,
    prior_to_okey boolean NOT NULL DEFAULT false,
    last_login_at timestamptz,
    changed_at    timestamptz NOT NULL,
    CHECK ((state IN ('reserved', 'attributed')) = (request IS NOT NULL)),
    CHECK ((state = 'in_service') = (holder IS NOT NULL)),
    CHECK (state IN ('attributed', 'in_service') OR pin_hash IS NULL)
);
CREATE INDEX key_free ON key (uai, expires_on, serial) WHERE state = 'in_stock';
CREATE INDEX key_holder ON key (holder) WHERE holder IS NOT NULL;
CREATE INDEX key_by_uai ON key (uai, serial);
CREATE INDEX key_changed ON key (changed_at, serial);

-- The domain's table of key states (okey.KeyTransitions); a test holds both equal.
CREATE TABLE key_transition (
    from_state text NOT NULL,
    reason     text NOT NULL,
    to_state   text NOT NULL,
    PRIMARY KEY (from_state, reason)
);
INSERT INTO key_transition (from_state, reason, to_state) VALUES
    ('in_transit', 'arrived', 'in_stock'), ('in_transit', 'lost', 'lost'),
    ('in_stock', 'reserved', 'reserved'), ('in_stock', 'handed_over', 'in_service'), ('in_stock', 'lost', 'lost'),
    ('in_stock', 'defective', 'defective'), ('in_stock', 'retired', 'retired'),
    ('reserved', 'signed', 'attributed'), ('reserved', 'released', 'in_stock'), ('reserved', 'lost', 'lost'), ('reserved', 'defective', 'defective'),
    ('attributed', 'handed_over', 'in_service'), ('attributed', 'released', 'in_stock'), ('attributed', 'lost', 'lost'), ('attributed', 'defective', 'defective'),
    ('in_service', 'return_to_stock', 'in_stock'), ('in_service', 'lost', 'lost'), ('in_service', 'defective', 'defective'), ('in_service', 'retired', 'retired'),
    ('lost', 'found', 'in_stock'), ('lost', 'retired', 'retired'),
    ('defective', 'return_to_stock', 'in_stock'), ('defective', 'retired', 'retired');

-- +goose StatementBegin
CREATE FUNCTION key_state_follows_table() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM key_transition t WHERE t.from_state = OLD.state AND t.to_state = NEW.state) THEN
        RAISE EXCEPTION 'key % may not go from % to %', OLD.serial, OLD.state, NEW.state USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER key_state_follows_table BEFORE UPDATE OF state ON key
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION key_state_follows_table();

-- Who wants what: written before anything is signalled, judged by one activity, which keeps here all that it answered.
CREATE TABLE action (
    id         uuid PRIMARY KEY,
    request    uuid,
    key        text,
    name       text NOT NULL,
    by_person  uuid REFERENCES person,
    via        text NOT NULL CHECK (via IN ('web', 'link', 'api', 'support', 'engine')),
    content    jsonb NOT NULL,
    digest     bytea NOT NULL,
    pin_hash   text,
    created_at timestamptz NOT NULL,
    outcome    text CHECK (outcome IN ('accepted', 'refused')),
    reason     text,
    verdict    jsonb,
    judged_at  timestamptz,
    CHECK ((outcome IS NULL) = (verdict IS NULL)),
    CHECK (outcome IS NULL OR pin_hash IS NULL),
    CHECK (request IS NOT NULL OR key IS NOT NULL)
);
COMMENT ON COLUMN action.request IS 'no foreign key: the row of a new request is written by the activity that accepts it';
CREATE INDEX action_of_request ON action (request, created_at);
CREATE INDEX action_with_pin ON action (created_at) WHERE pin_hash IS NOT NULL;
CREATE INDEX action_refused ON action (judged_at) WHERE outcome = 'refused';
CREATE INDEX action_without_outcome ON action (created_at) WHERE outcome IS NULL;

-- What happened to a request, for people.
CREATE TABLE timeline (
    request uuid NOT NULL REFERENCES request,
    seq     integer NOT NULL,
    at      timestamptz NOT NULL,
    kind    text NOT NULL,
    by_person uuid REFERENCES person,
    via     text NOT NULL,
    comment text NOT NULL DEFAULT '',
    key     text NOT NULL DEFAULT '',
    PRIMARY KEY (request, seq)
);

-- What happened to a key, for people.
CREATE TABLE key_event (
    serial  text NOT NULL REFERENCES key,
    seq     integer NOT NULL,
    at      timestamptz NOT NULL,
    reason  text NOT NULL,
    state   text NOT NULL,
    by_person uuid REFERENCES person,
    holder  uuid REFERENCES person,
    comment text NOT NULL DEFAULT '',
    PRIMARY KEY (serial, seq)
);

CREATE INDEX key_event_holder ON key_event (holder) WHERE holder IS NOT NULL;

-- +goose Down
DROP TABLE key_event, timeline, action;
DROP TABLE key;
DROP FUNCTION key_state_follows_table;
DROP TABLE key_transition, request, charter;
