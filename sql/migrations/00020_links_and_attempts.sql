-- +goose Up

-- Raised when support has new links mailed: whatever was mailed before leads nowhere from then on.
ALTER TABLE request ADD COLUMN link_issue integer NOT NULL DEFAULT 1 CHECK (link_issue > 0);

-- Wrong guesses of late, by where they came from: limits that hold with several servers.
CREATE TABLE attempt (
    kind  text NOT NULL,
    mark  bytea NOT NULL,
    since timestamptz NOT NULL,
    wrong integer NOT NULL CHECK (wrong > 0),
    PRIMARY KEY (kind, mark)
);
COMMENT ON COLUMN attempt.mark IS 'keyed hash of a network address: the address itself is not kept, nor to be found again without the key';

-- Evidence stays as it was written, whoever is at the keyboard: a published charter, and what was signed, when and by whom. A request that
-- is back at its charter is signed anew.
-- +goose StatementBegin
CREATE FUNCTION refuse_to_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was published or signed is never rewritten' USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END $$;
-- +goose StatementEnd
CREATE TRIGGER charter_is_never_rewritten BEFORE UPDATE OR DELETE OR TRUNCATE ON charter FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite();
CREATE TRIGGER signature_is_never_rewritten BEFORE UPDATE OF charter, charter_sha256, signed_at, person ON request FOR EACH ROW
    WHEN (old.signed_at IS NOT NULL AND (new.person <> old.person OR (old.stage <> 'awaiting_charter'
        AND (new.charter, new.charter_sha256, new.signed_at) IS DISTINCT FROM (old.charter, old.charter_sha256, old.signed_at))))
    EXECUTE FUNCTION refuse_to_rewrite();

-- +goose Down
DROP TRIGGER signature_is_never_rewritten ON request;
DROP TRIGGER charter_is_never_rewritten ON charter;
DROP FUNCTION refuse_to_rewrite();
DROP TABLE attempt;
ALTER TABLE request DROP COLUMN link_issue;
