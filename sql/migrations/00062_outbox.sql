-- What other programs are told of keys: each event is written in the transaction that it tells of, and numbered under the lock of the audit's
-- head, which is held until the commit. So numbers appear in their order, without gaps: who has read one has missed none before it.

-- +goose Up
ALTER TABLE audit_head ADD COLUMN event_seq bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN audit_head.event_seq IS 'the number of the last event in outbox';

CREATE TABLE outbox (
    seq        bigint PRIMARY KEY,
    id         uuid NOT NULL DEFAULT gen_random_uuid(),
    type       text NOT NULL,
    at         timestamptz NOT NULL,
    serial     text NOT NULL REFERENCES key,
    state      text NOT NULL,
    uai        text NOT NULL,
    from_uai   text,
    holder     uuid REFERENCES person,
    due_at     timestamptz,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON COLUMN outbox.at IS 'of what it tells; created_at is when it was numbered';
COMMENT ON COLUMN outbox.holder IS 'who has the key, is to have it, or had it until now';
COMMENT ON COLUMN outbox.from_uai IS 'of a key that was moved: whose it was';
CREATE INDEX outbox_holder ON outbox (holder) WHERE holder IS NOT NULL;
CREATE INDEX outbox_created ON outbox (created_at);

-- How far each receiver of webhooks has come. Who they are stands in a file; one that is not in it any more keeps its row.
CREATE TABLE webhook_receiver (
    name          text PRIMARY KEY,
    position      bigint NOT NULL,
    state         text NOT NULL CHECK (state IN ('active', 'failing', 'stopped', 'absent')),
    failing_since timestamptz,
    attempts      integer NOT NULL DEFAULT 0,
    next_try_at   timestamptz,
    last_status   integer NOT NULL DEFAULT 0,
    last_error    text NOT NULL DEFAULT '',
    last_sent_at  timestamptz,
    replay_from   bigint,
    updated_at    timestamptz NOT NULL
);
COMMENT ON COLUMN webhook_receiver.position IS 'the last event that it has, or does not want';
COMMENT ON COLUMN webhook_receiver.last_status IS 'of HTTP; 0: no answer';

-- +goose Down
DROP TABLE webhook_receiver, outbox;
ALTER TABLE audit_head DROP COLUMN event_seq;
