-- Two uids that may be one person's: since when OKEY has noticed, and what support said of them. And which row one has become another's.
-- Beside these, where the reader of a mailbox goes on.

-- +goose Up
CREATE TABLE likeness (
    old         uuid NOT NULL,
    new         uuid NOT NULL,
    found_at    timestamptz NOT NULL,
    told_with   uuid NOT NULL,
    answered_at timestamptz,
    answered_by uuid,
    PRIMARY KEY (old, new)
);
COMMENT ON COLUMN likeness.told_with IS 'the import that found it, or the morning''s watch: support is told of all that it found by one mail';
COMMENT ON COLUMN likeness.answered_at IS 'since when it is settled: one person, or two; null: support has not said';

ALTER TABLE person ADD COLUMN merged_into uuid;
COMMENT ON COLUMN person.merged_into IS 'the person that this row''s has turned out to be, whose row goes on; null: none';

-- How far the mailbox of what comes back has been read: a worker that starts goes on from there.
CREATE TABLE mailbox_mark (
    mailbox  text PRIMARY KEY,
    validity bigint NOT NULL,
    next     bigint NOT NULL,
    counted  bigint NOT NULL
);
COMMENT ON COLUMN mailbox_mark.next IS 'the first UID that has still to be looked at, as UIDs are under validity (RFC 9051, 2.3.1.1)';
COMMENT ON COLUMN mailbox_mark.counted IS 'the last UID of those that are in the figures: one that waits is looked at again';

-- +goose Down
DROP TABLE mailbox_mark;
ALTER TABLE person DROP COLUMN merged_into;
DROP TABLE likeness;
