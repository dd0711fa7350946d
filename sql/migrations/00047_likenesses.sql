-- Two uids that may be one person's: since when OKEY has noticed, and what support said of them. And which row one has become another's.

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

-- +goose Down
ALTER TABLE person DROP COLUMN merged_into;
DROP TABLE likeness;
