-- +goose Up

-- Which of two changes of a PIN was asked for later, and when that was: an older one that arrives late changes nothing.
ALTER TABLE key ADD COLUMN pin_set_at timestamptz;

-- Wrong PINs in a row, of a key in somebody's hands or waiting for them. The server counts each try here before it looks whether it is right.
CREATE TABLE pin_guard (
    serial        text PRIMARY KEY REFERENCES key ON DELETE CASCADE,
    wrong         integer NOT NULL CHECK (wrong >= 0),
    blocked_until timestamptz
);
COMMENT ON TABLE pin_guard IS 'a right PIN, another PIN, or the end of a lock begins anew';

-- +goose Down
DROP TABLE pin_guard;
ALTER TABLE key DROP COLUMN pin_set_at;
