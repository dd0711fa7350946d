-- +goose Up
-- The table is small: notices go when what they told of has ended.

-- A notice is told by a letter: a school's list has one notice for each of its keys. A letter that has not left when its run must have ended
-- (runs take it at taken_at) is the next run's.
ALTER TABLE watch_notice ADD COLUMN letter uuid;
ALTER TABLE watch_notice ADD COLUMN taken_at timestamptz;
ALTER TABLE watch_notice ADD COLUMN told_at timestamptz;
ALTER TABLE watch_notice DROP CONSTRAINT watch_notice_kind_check;
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE watch_notice ADD CONSTRAINT watch_notice_kind_check
    CHECK (kind IN ('low_stock', 'key_expires', 'keys_expire', 'holder_left', 'holders_left', 'move_expired'));

-- What has been told stays told, to the holder and, from now on apart, to the school. The expiry of a key is told to the holder whom it has.
DELETE FROM watch_notice n WHERE n.kind = 'key_expires' AND NOT EXISTS (SELECT FROM key k WHERE k.serial = n.subject AND k.holder IS NOT NULL);
UPDATE watch_notice n SET step = k.holder::text || '/' || n.step FROM key k WHERE k.serial = n.subject AND n.kind = 'key_expires';
UPDATE watch_notice SET letter = id, taken_at = at, told_at = at;
INSERT INTO watch_notice (id, kind, subject, step, uai, run, at, letter, taken_at, told_at)
    SELECT gen_random_uuid(), CASE kind WHEN 'key_expires' THEN 'keys_expire' ELSE 'holders_left' END, subject, step, uai, run, at,
        gen_random_uuid(), at, at FROM watch_notice WHERE kind IN ('key_expires', 'holder_left');
-- squawk-ignore adding-not-nullable-field
ALTER TABLE watch_notice ALTER COLUMN letter SET NOT NULL;
-- squawk-ignore adding-not-nullable-field
ALTER TABLE watch_notice ALTER COLUMN taken_at SET NOT NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX watch_notice_letter ON watch_notice (letter);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX watch_notice_untold ON watch_notice (taken_at) WHERE told_at IS NULL;

-- +goose Down
DELETE FROM watch_notice WHERE kind IN ('keys_expire', 'holders_left', 'move_expired');
UPDATE watch_notice SET step = substr(step, 38) WHERE kind = 'key_expires';
ALTER TABLE watch_notice DROP CONSTRAINT watch_notice_kind_check;
ALTER TABLE watch_notice ADD CONSTRAINT watch_notice_kind_check CHECK (kind IN ('low_stock', 'key_expires', 'holder_left'));
ALTER TABLE watch_notice DROP COLUMN told_at;
ALTER TABLE watch_notice DROP COLUMN taken_at;
ALTER TABLE watch_notice DROP COLUMN letter;
