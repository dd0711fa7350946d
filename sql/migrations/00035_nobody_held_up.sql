-- +goose NO TRANSACTION
-- What takes long on years of rows, and must hold nobody up: indexes are built beside people's writes, rows are filled in by the thousand, each
-- thousand a transaction of its own. Broken off, it goes on where it was; an index left unfinished is dropped first (migrate.go).

-- +goose Up
-- The page of the audit filters by these.
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_subject ON audit (split_part(subject, ':', 2), seq);
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_event ON audit (event, seq);
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_at ON audit (at);
CREATE INDEX CONCURRENTLY IF NOT EXISTS request_closed ON request (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS timeline_ended ON timeline (at) INCLUDE (ended, ended_since, request) WHERE ended IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS mail_again ON mail (again_of, created_at) WHERE again_of IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS mail_of_key ON mail (key, created_at) WHERE key IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS mail_of_place ON mail ((mail_order->>'uai')) WHERE subject_id IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS action_of_key ON action (key, created_at) WHERE key IS NOT NULL;
-- Support's pages ask which open requests came to them: a few among all. Looked for from these, not from every open request.
CREATE INDEX CONCURRENTLY IF NOT EXISTS mail_to_support ON mail (request, kind, created_at)
    WHERE kind IN ('nobody', 'decision_late', 'order_late', 'handover_late');
CREATE INDEX CONCURRENTLY IF NOT EXISTS timeline_to_support ON timeline (request) WHERE kind = 'to_support';

-- Who signed is noted once, also for what was signed before that was kept, and never rewritten. A name may be taken away, once its person has left.
-- +goose StatementBegin
DO $$ BEGIN
    DROP TRIGGER signature_is_never_rewritten ON request;
    CREATE TRIGGER signature_is_never_rewritten
        BEFORE UPDATE OF charter, charter_sha256, signed_at, person, signer_name, signer_uid, signed_uai, signed_school, signer_noted_at
        ON request FOR EACH ROW
        WHEN (old.signed_at IS NOT NULL AND (new.person <> old.person OR (old.stage <> 'awaiting_charter'
            AND ((new.charter, new.charter_sha256, new.signed_at) IS DISTINCT FROM (old.charter, old.charter_sha256, old.signed_at)
                OR old.signer_noted_at IS NOT NULL
                AND ((new.signed_uai, new.signed_school, new.signer_noted_at) IS DISTINCT FROM (old.signed_uai, old.signed_school, old.signer_noted_at)
                    OR (new.signer_name, new.signer_uid) IS DISTINCT FROM (old.signer_name, old.signer_uid)
                    AND (new.signer_name, new.signer_uid) IS DISTINCT FROM ('', ''))))))
        EXECUTE FUNCTION refuse_to_rewrite();
END $$;
-- +goose StatementEnd

SET statement_timeout = 0; -- of the whole; each batch is short
-- +goose StatementBegin
DO $$
DECLARE
    done uuid := '00000000-0000-0000-0000-000000000000';
    upto uuid;
BEGIN
    LOOP
        SELECT id INTO upto FROM (SELECT id FROM request WHERE id > done ORDER BY id LIMIT 1000) batch ORDER BY id DESC LIMIT 1;
        EXIT WHEN upto IS NULL;
        UPDATE timeline t SET ended = b.stage, ended_since = b.since
            FROM timeline l, LATERAL stage_before(l.request, l.seq) b
            WHERE t.request = l.request AND t.seq = l.seq AND l.request > done AND l.request <= upto AND l.ended IS NULL
                AND l.kind NOT IN ('to_support', 'moved', 'key_swapped') AND b.stage IS NOT NULL;
        UPDATE request r SET signer_name = trim(p.given_name || ' ' || p.family_name), signer_uid = CASE WHEN p.erased_at IS NULL THEN p.uid ELSE '' END,
            signed_uai = e.uai, signed_school = e.name, signer_noted_at = now()
            FROM person p, establishment e
            WHERE p.id = r.person AND e.uai = r.uai AND r.id > done AND r.id <= upto AND r.signed_at IS NOT NULL AND r.signer_noted_at IS NULL;
        COMMIT;
        done := upto;
    END LOOP;
END $$;
-- +goose StatementEnd
RESET statement_timeout;

-- +goose Down
DROP INDEX audit_subject, audit_event, audit_at, request_closed, timeline_ended, mail_again, mail_of_key, mail_of_place, action_of_key,
    mail_to_support, timeline_to_support;
