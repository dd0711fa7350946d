-- +goose Up
ALTER TABLE person ADD COLUMN mail_denied boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN person.mail_denied IS 'the identity provider says that nobody has checked the address: no link that acts goes there, no role is given by it';

-- +goose Down
ALTER TABLE person DROP COLUMN mail_denied;
