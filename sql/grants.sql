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
-- OKEY sets limits on each of its sessions; these are for sessions of its role that others open, psql or a program of its own: one that froze
-- with the audit's head in hand would stop every write. Who migrates need not have the right to say so; docs/deploy.md has the statements.
DO $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('okey grants')); -- two at once would hinder each other
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'okey_app') THEN
        ALTER ROLE okey_app SET idle_in_transaction_session_timeout = '15s';
        ALTER ROLE okey_app SET lock_timeout = '10s';
        ALTER ROLE okey_app SET statement_timeout = '10min';
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    NULL;
END $$;
