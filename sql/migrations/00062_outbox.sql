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
    id            uuid PRIMARY KEY,
    name          text NOT NULL UNIQUE,
    address       text NOT NULL,
    state         text NOT NULL CHECK (state IN ('active', 'stopped', 'absent')),
    idle          boolean NOT NULL DEFAULT false,
    seen          bigint NOT NULL DEFAULT 0,
    epoch         integer NOT NULL DEFAULT 0,
    position      bigint NOT NULL,
    ahead         bigint[] NOT NULL DEFAULT '{}',
    waiting       text[] NOT NULL DEFAULT '{}',
    failing_since timestamptz,
    attempts      integer NOT NULL DEFAULT 0,
    alive         boolean NOT NULL DEFAULT true,
    next_try_at   timestamptz,
    last_try_at   timestamptz,
    last_status   integer NOT NULL DEFAULT 0,
    last_error    text NOT NULL DEFAULT '',
    last_sent_at  timestamptz,
    missed        bigint NOT NULL DEFAULT 0,
    test_asked_at timestamptz,
    tested_at     timestamptz,
    test_status   integer NOT NULL DEFAULT 0,
    test_error    text NOT NULL DEFAULT ''
);
COMMENT ON COLUMN webhook_receiver.address IS 'for people to see: its host';
COMMENT ON COLUMN webhook_receiver.idle IS 'its workflow waits to be woken';
COMMENT ON COLUMN webhook_receiver.seen IS 'the last event that its workflow has looked at';
COMMENT ON COLUMN webhook_receiver.epoch IS 'counts how often support had it go on: what a turn did before is not kept';
COMMENT ON COLUMN webhook_receiver.position IS 'it has, or does not want, all events up to this one';
COMMENT ON COLUMN webhook_receiver.ahead IS 'and these after it';
COMMENT ON COLUMN webhook_receiver.waiting IS 'serials whose next event it did not take: what follows of them waits';
COMMENT ON COLUMN webhook_receiver.alive IS 'it takes events of other keys meanwhile';
COMMENT ON COLUMN webhook_receiver.last_status IS 'of HTTP; 0: no answer';
COMMENT ON COLUMN webhook_receiver.missed IS 'how many events it never gets: they were kept no longer';

-- +goose Down
DROP TABLE webhook_receiver, outbox;
ALTER TABLE audit_head DROP COLUMN event_seq;
