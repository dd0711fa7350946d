-- +goose Up

-- An establishment that OKEY serves. Its row is the lock of section 4 of the design: whoever frees a key or makes a request
-- wait takes it first (two: in the order of their codes).
CREATE TABLE establishment (
    uai            text PRIMARY KEY CHECK (uai ~ '^[0-9]{7}[A-Z]$'),
    name           text NOT NULL,
    nature         integer NOT NULL CHECK (nature BETWEEN 300 AND 399),
    contract       text NOT NULL,
    state          text NOT NULL,
    academy        text NOT NULL,
    commune        text NOT NULL,
    postcode       text NOT NULL,
    served         boolean NOT NULL DEFAULT true,
    shortage_since timestamptz,
    shortage_told  boolean NOT NULL DEFAULT false,
    minimum_stock  integer NOT NULL DEFAULT 0 CHECK (minimum_stock >= 0),
    host           text REFERENCES establishment (uai) CHECK (host <> uai),
    imported_at    timestamptz NOT NULL
);
COMMENT ON COLUMN establishment.host IS 'whose approvers answer for a section without a head of its own; named by support';
COMMENT ON COLUMN establishment.shortage_since IS 'since when requests wait while no key is free; null: no shortage';

-- What an import left out, so that whoever asks from there learns why.
CREATE TABLE establishment_left_out (
    uai    text PRIMARY KEY,
    name   text NOT NULL,
    reason text NOT NULL
);

CREATE TABLE person (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    uid         text NOT NULL UNIQUE,
    family_name text NOT NULL,
    given_name  text NOT NULL,
    mail        text NOT NULL,
    support     boolean NOT NULL DEFAULT false,
    auditor     boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL
);
CREATE INDEX person_mail ON person (lower(mail));

CREATE TABLE assignment (
    person      uuid NOT NULL REFERENCES person,
    uai         text NOT NULL REFERENCES establishment,
    function    text NOT NULL CHECK (function IN ('chef', 'adjoint', 'personnel')),
    source      text NOT NULL CHECK (source IN ('import', 'claims', 'support')),
    until       date,
    reason      text NOT NULL DEFAULT '',
    since       timestamptz NOT NULL,
    PRIMARY KEY (person, uai, function, source)
);
CREATE INDEX assignment_uai ON assignment (uai, function);

CREATE TABLE delegation (
    id         uuid PRIMARY KEY,
    uai        text NOT NULL REFERENCES establishment,
    given_by   uuid NOT NULL REFERENCES person,
    given_to   uuid NOT NULL REFERENCES person,
    scope      text NOT NULL CHECK (scope IN ('everything', 'handover_and_stock')),
    from_day   date NOT NULL,
    until_day  date NOT NULL,
    ended_at   timestamptz,
    created_at timestamptz NOT NULL,
    CHECK (from_day <= until_day),
    CHECK (given_by <> given_to)
);
CREATE INDEX delegation_holder ON delegation (given_to) WHERE ended_at IS NULL;
CREATE INDEX delegation_uai ON delegation (uai) WHERE ended_at IS NULL;

CREATE TABLE session (
    token  text PRIMARY KEY,
    data   bytea NOT NULL,
    expiry timestamptz NOT NULL
);
CREATE INDEX session_expiry ON session (expiry);

-- A bearer token of the API, of a person or of a service. Only its hash is kept.
CREATE TABLE api_token (
    hash       bytea PRIMARY KEY,
    person     uuid REFERENCES person,
    service    text,
    scopes     text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CHECK ((person IS NULL) <> (service IS NULL))
);

-- +goose Down
DROP TABLE api_token, session, delegation, assignment, person, establishment_left_out, establishment;
