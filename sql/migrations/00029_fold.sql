-- Names are found as they are typed in a hurry: without capitals and accents.

-- +goose Up
-- The extension is a trusted one: the database's owner may create it.
CREATE EXTENSION IF NOT EXISTS unaccent WITH SCHEMA public;
-- unaccent is STABLE, for its rules are a file; this one is the file that PostgreSQL brings, so that an index may hold what comes out.
CREATE FUNCTION fold(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT public.unaccent('public.unaccent', lower($1)) $$;

-- +goose Down
DROP FUNCTION fold(text);
DROP EXTENSION unaccent;
