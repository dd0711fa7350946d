-- What people and establishments are looked for by, folded and kept beside them: an index of trigrams finds words within it. Lines of a person are
-- whole names, uid and address, each between line feeds; the last has them without what some leave out between words.

-- +goose Up
-- The extension is a trusted one: the database's owner may create it.
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
ALTER TABLE person ADD COLUMN sought text;
ALTER TABLE establishment ADD COLUMN sought text;
-- +goose StatementBegin
CREATE FUNCTION person_is_sought() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    given text := fold(NEW.given_name);
    family text := fold(NEW.family_name);
    uid text := fold(NEW.uid);
    mail text := fold(NEW.mail);
BEGIN
    NEW.sought := concat(E'\n', given, ' ', family, E'\n', family, ' ', given, E'\n', uid, E'\n', mail, E'\n',
        translate(given || family || uid || mail, ' ''-', ''));
    RETURN NEW;
END $$;
CREATE FUNCTION establishment_is_sought() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    words text := fold(NEW.name || ' ' || NEW.commune || ' ' || NEW.postcode || ' ' || NEW.uai);
BEGIN
    NEW.sought := words || E'\n' || translate(words, ' ''-', '');
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER person_is_sought BEFORE INSERT OR UPDATE OF given_name, family_name, uid, mail ON person
    FOR EACH ROW EXECUTE FUNCTION person_is_sought();
CREATE TRIGGER establishment_is_sought BEFORE INSERT OR UPDATE OF name, commune, postcode, uai ON establishment
    FOR EACH ROW EXECUTE FUNCTION establishment_is_sought();

-- What was typed, as a pattern that finds it anywhere.
CREATE FUNCTION anywhere(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT '%' || regexp_replace($1, '([\\%_])', '\\\1', 'g') || '%' $$;

-- +goose Down
DROP FUNCTION anywhere(text);
DROP TRIGGER establishment_is_sought ON establishment;
DROP TRIGGER person_is_sought ON person;
DROP FUNCTION establishment_is_sought, person_is_sought;
ALTER TABLE establishment DROP COLUMN sought;
ALTER TABLE person DROP COLUMN sought;
DROP EXTENSION pg_trgm;
