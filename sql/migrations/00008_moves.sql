-- +goose Up
-- A few thousand establishments: the locks that squawk warns of last milliseconds.

-- Who answers in place of an establishment that has closed or merged; always the last of a chain. Its own keys and requests have gone there.
ALTER TABLE establishment ADD COLUMN successor text;
ALTER TABLE establishment ADD CONSTRAINT establishment_successor_fkey FOREIGN KEY (successor) REFERENCES establishment (uai) NOT VALID;
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE establishment VALIDATE CONSTRAINT establishment_successor_fkey;
ALTER TABLE establishment ADD CONSTRAINT establishment_not_its_own_successor CHECK (successor <> uai) NOT VALID;
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE establishment VALIDATE CONSTRAINT establishment_not_its_own_successor;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX establishment_succeeded ON establishment (successor) WHERE successor IS NOT NULL;

-- A person moves and takes the key along: the old approver proposes, the new one answers.
CREATE TABLE key_move (
    id          uuid PRIMARY KEY,
    serial      text NOT NULL REFERENCES key,
    holder      uuid NOT NULL REFERENCES person,
    from_uai    text NOT NULL REFERENCES establishment,
    to_uai      text NOT NULL REFERENCES establishment,
    state       text NOT NULL CHECK (state IN ('proposed', 'accepted', 'refused', 'expired', 'ended')),
    comment     text NOT NULL DEFAULT '',
    proposed_by uuid NOT NULL REFERENCES person,
    proposed_at timestamptz NOT NULL,
    decided_by  uuid REFERENCES person,
    decided_at  timestamptz,
    answer      text NOT NULL DEFAULT '',
    CHECK (state <> 'proposed' OR from_uai <> to_uai),
    CHECK ((state = 'proposed') = (decided_at IS NULL))
);
CREATE UNIQUE INDEX key_move_one_open ON key_move (serial) WHERE state = 'proposed';
CREATE INDEX key_move_awaited ON key_move (to_uai, proposed_at) WHERE state = 'proposed';
CREATE INDEX key_move_age ON key_move (proposed_at) WHERE state = 'proposed';

-- Every change of a key's establishment, whatever the cause; the subject is that of its action.
CREATE TABLE key_moved (
    subject  uuid NOT NULL,
    serial   text NOT NULL REFERENCES key,
    from_uai text NOT NULL REFERENCES establishment,
    to_uai   text NOT NULL REFERENCES establishment,
    at       timestamptz NOT NULL,
    PRIMARY KEY (subject, serial)
);
CREATE INDEX key_moved_of_key ON key_moved (serial, at);

-- An establishment closes or merges: who follows it, and what went along.
CREATE TABLE succession (
    id        uuid PRIMARY KEY,
    from_uai  text NOT NULL REFERENCES establishment,
    to_uai    text NOT NULL REFERENCES establishment,
    by_person uuid REFERENCES person,
    at        timestamptz NOT NULL,
    comment   text NOT NULL,
    CHECK (from_uai <> to_uai)
);
CREATE INDEX succession_by_age ON succession (at DESC, id);
CREATE TABLE succession_item (
    succession uuid NOT NULL REFERENCES succession,
    kind       text NOT NULL CHECK (kind IN ('key', 'request', 'order', 'proposal')),
    id         text NOT NULL,
    PRIMARY KEY (succession, kind, id)
);

-- +goose Down
DROP TABLE succession_item, succession, key_moved, key_move;
DROP INDEX establishment_succeeded;
ALTER TABLE establishment DROP CONSTRAINT establishment_not_its_own_successor;
ALTER TABLE establishment DROP CONSTRAINT establishment_successor_fkey;
ALTER TABLE establishment DROP COLUMN successor;
