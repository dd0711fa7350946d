-- Who signed is evidence too: names and schools change. Of what was signed before this was kept, what is known on the day of the migration is noted
-- with that day (00035); the page says so.

-- +goose Up
ALTER TABLE request ADD COLUMN signer_name text, ADD COLUMN signer_uid text, ADD COLUMN signed_uai text, ADD COLUMN signed_school text,
    ADD COLUMN signer_noted_at timestamptz;
COMMENT ON COLUMN request.signer_noted_at IS 'when name and school were noted: at the signing, or later for what was signed before they were';

-- A signer's name is never another one. It may be taken away, once its person has left.
DROP TRIGGER signature_is_never_rewritten ON request;
CREATE TRIGGER signature_is_never_rewritten
    BEFORE UPDATE OF charter, charter_sha256, signed_at, person, signer_name, signer_uid, signed_uai, signed_school, signer_noted_at ON request FOR EACH ROW
    WHEN (old.signed_at IS NOT NULL AND (new.person <> old.person OR (old.stage <> 'awaiting_charter'
        AND ((new.charter, new.charter_sha256, new.signed_at, new.signed_uai, new.signed_school, new.signer_noted_at)
            IS DISTINCT FROM (old.charter, old.charter_sha256, old.signed_at, old.signed_uai, old.signed_school, old.signer_noted_at)
            OR (new.signer_name, new.signer_uid) IS DISTINCT FROM (old.signer_name, old.signer_uid)
            AND (new.signer_name, new.signer_uid) IS DISTINCT FROM ('', '')))))
    EXECUTE FUNCTION refuse_to_rewrite();

-- +goose Down
DROP TRIGGER signature_is_never_rewritten ON request;
CREATE TRIGGER signature_is_never_rewritten BEFORE UPDATE OF charter, charter_sha256, signed_at, person ON request FOR EACH ROW
    WHEN (old.signed_at IS NOT NULL AND (new.person <> old.person OR (old.stage <> 'awaiting_charter'
        AND (new.charter, new.charter_sha256, new.signed_at) IS DISTINCT FROM (old.charter, old.charter_sha256, old.signed_at))))
    EXECUTE FUNCTION refuse_to_rewrite();
ALTER TABLE request DROP COLUMN signer_noted_at, DROP COLUMN signed_school, DROP COLUMN signed_uai, DROP COLUMN signer_uid, DROP COLUMN signer_name;
