-- Run after every migration: what the application's role may do. It may add to the audit, never change what stands there;
-- tables of rules it may only read; a published charter is never edited.
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'okey_app') THEN
        GRANT USAGE ON SCHEMA public TO okey_app;
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO okey_app;
        REVOKE UPDATE, DELETE, TRUNCATE ON audit, charter FROM okey_app;
        REVOKE INSERT, DELETE, TRUNCATE ON audit_head FROM okey_app;
        REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON key_transition, goose_db_version FROM okey_app;
    END IF;
END $$;
