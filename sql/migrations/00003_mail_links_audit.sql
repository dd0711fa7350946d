-- +goose Up

-- One row a mail, written before it is sent: a second attempt of the step finds it and sends only what is missing.
-- The text is not kept: it is made again from the same facts.
CREATE TABLE mail (
    id         uuid PRIMARY KEY,
    request    uuid REFERENCES request,
    key        text,
    kind       text NOT NULL,
    ref        integer NOT NULL,
    person     uuid REFERENCES person,
    address    text NOT NULL,
    issue      integer NOT NULL DEFAULT 1,
    message_id text NOT NULL UNIQUE,
    subject    text NOT NULL DEFAULT '',
    state      text NOT NULL CHECK (state IN ('queued', 'sent', 'failed')),
    attempts   integer NOT NULL DEFAULT 0,
    error      text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    sent_at    timestamptz
);
CREATE INDEX mail_of_request ON mail (request, created_at);
CREATE INDEX mail_failed ON mail (created_at) WHERE state = 'failed';
CREATE INDEX mail_to_person ON mail (person, kind, sent_at);

-- An emailed link: the hash of a token that can be computed again by whoever has the key, never read from here.
CREATE TABLE link (
    hash       bytea PRIMARY KEY,
    request    uuid NOT NULL REFERENCES request,
    person     uuid NOT NULL REFERENCES person,
    purpose    text NOT NULL CHECK (purpose IN ('decision')),
    issue      integer NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX link_of ON link (request, person, purpose, issue);

-- Append-only and chained: each entry's mac covers the one before. Opaque ids and enums only. The head is locked last in every
-- transaction, so the chain is in the order of commits.
CREATE TABLE audit (
    seq     bigint PRIMARY KEY,
    at      timestamptz NOT NULL,
    event   text NOT NULL,
    actor   uuid,
    via     text NOT NULL,
    subject text NOT NULL,
    detail  text NOT NULL,
    key_version integer NOT NULL,
    mac     bytea NOT NULL
);
CREATE TABLE audit_head (
    only_one    boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    seq         bigint NOT NULL,
    key_version integer NOT NULL,
    mac         bytea NOT NULL,
    seal        bytea NOT NULL
);
INSERT INTO audit_head (seq, key_version, mac, seal) VALUES (0, 0, '', '');

CREATE TABLE setting (
    name       text PRIMARY KEY,
    value      jsonb NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by uuid REFERENCES person
);

-- +goose Down
DROP TABLE setting, audit_head, audit, link, mail;
