-- A mail can be sent again: what it was written from is kept (ids, enums and times, as the engine keeps them), and which mail it repeats. The
-- other indexes are for support's pages of a key and of an establishment.

-- +goose Up
ALTER TABLE mail ADD COLUMN mail_order jsonb;
COMMENT ON COLUMN mail.mail_order IS 'what it is written from; null: it is not written again';
ALTER TABLE mail ADD COLUMN again_of uuid;
COMMENT ON COLUMN mail.again_of IS 'the first of the mails that repeat one another; null: it is the first, or the only one. No foreign key: the first may be forgotten before the others';
ALTER TABLE mail DROP CONSTRAINT mail_state_check;
ALTER TABLE mail ADD CONSTRAINT mail_state_check CHECK (state IN ('queued', 'sent', 'failed', 'dropped')) NOT VALID;
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE mail VALIDATE CONSTRAINT mail_state_check;

-- +goose Down
DELETE FROM mail WHERE state = 'dropped';
ALTER TABLE mail DROP CONSTRAINT mail_state_check;
ALTER TABLE mail ADD CONSTRAINT mail_state_check CHECK (state IN ('queued', 'sent', 'failed'));
ALTER TABLE mail DROP COLUMN again_of, DROP COLUMN mail_order;
