-- What was recorded and must still happen: whether its sender was told that it is kept, when it was brought to its workflow, and since when
-- something can't be judged. Letters of an action that has too many for one answer are rows.

-- +goose Up
ALTER TABLE action ADD COLUMN promised_at timestamptz;
ALTER TABLE action ADD COLUMN delivered_at timestamptz;
ALTER TABLE action ADD COLUMN looked_at timestamptz;
ALTER TABLE action ADD COLUMN looks integer NOT NULL DEFAULT 0;

CREATE TABLE letter (
    action     uuid NOT NULL REFERENCES action (id) ON DELETE CASCADE,
    n          integer NOT NULL,
    mail_order jsonb NOT NULL,
    left_at    timestamptz,
    PRIMARY KEY (action, n)
);

CREATE TABLE trouble (
    id       uuid PRIMARY KEY,
    kind     text NOT NULL CHECK (kind IN ('activity', 'workflow', 'action')),
    workflow text NOT NULL,
    what     text NOT NULL,
    error    text NOT NULL,
    attempts integer NOT NULL,
    since    timestamptz NOT NULL,
    last_at  timestamptz NOT NULL,
    told_at  timestamptz
);

-- +goose Down
DROP TABLE trouble, letter;
ALTER TABLE action DROP COLUMN promised_at, DROP COLUMN delivered_at, DROP COLUMN looked_at, DROP COLUMN looks;
