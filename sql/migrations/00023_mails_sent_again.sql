-- A mail can be sent again: what it was written from is kept (ids, enums and times, as the engine keeps them), and which mail it repeats. The
-- other indexes are for support's pages of a key and of an establishment.

-- +goose Up
ALTER TABLE mail ADD COLUMN mail_order jsonb;
COMMENT ON COLUMN mail.mail_order IS 'what it is written from; null: it is not written again';
ALTER TABLE mail ADD COLUMN again_of uuid;
COMMENT ON COLUMN mail.again_of IS 'the first of the mails that repeat one another; null: it is the first, or the only one. No foreign key: the first may be forgotten before the others';
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX mail_again ON mail (again_of, created_at) WHERE again_of IS NOT NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX mail_of_key ON mail (key, created_at) WHERE key IS NOT NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX mail_of_place ON mail ((mail_order->>'uai')) WHERE subject_id IS NOT NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX action_of_key ON action (key, created_at) WHERE key IS NOT NULL;
ALTER TABLE mail DROP CONSTRAINT mail_state_check;
ALTER TABLE mail ADD CONSTRAINT mail_state_check CHECK (state IN ('queued', 'sent', 'failed', 'dropped')) NOT VALID;
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE mail VALIDATE CONSTRAINT mail_state_check;

-- +goose Down
DELETE FROM mail WHERE state = 'dropped';
ALTER TABLE mail DROP CONSTRAINT mail_state_check;
ALTER TABLE mail ADD CONSTRAINT mail_state_check CHECK (state IN ('queued', 'sent', 'failed'));
DROP INDEX action_of_key, mail_of_place, mail_of_key, mail_again;
ALTER TABLE mail DROP COLUMN again_of, DROP COLUMN mail_order;
