-- Under which uids people were known before: claims and staff files may say the old one for a while yet.

-- +goose Up
CREATE TABLE former_uid (
    uid    text PRIMARY KEY,
    person uuid NOT NULL REFERENCES person,
    since  timestamptz NOT NULL
);
COMMENT ON TABLE former_uid IS 'goes with the person''s data; who is known under the uid today comes first';

-- +goose Down
DROP TABLE former_uid;
