-- Of a nation's keys and people few change between two looks. Whose holder may have left is kept beside the keys, and whom the night has to look
-- at in a list: triggers write both, as their owner, since programs of the version before go on meanwhile. Neither says what is true: who reads
-- them looks again.

-- +goose Up
CREATE TABLE key_away (
    serial text PRIMARY KEY,
    since  date NOT NULL
);
COMMENT ON TABLE key_away IS 'keys in service whose holder has no function without an end where the key is';
COMMENT ON COLUMN key_away.since IS 'the first day without any function there; -infinity: none is known';
CREATE TABLE person_look (
    person uuid NOT NULL,
    due    date NOT NULL,
    PRIMARY KEY (person, due)
);
COMMENT ON TABLE person_look IS 'whom the retention asks whether they are anything to OKEY still, and from which day on';
CREATE INDEX person_look_due ON person_look (due);

-- +goose StatementBegin
CREATE FUNCTION note_away(serials text[]) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH away AS (SELECT k.serial, w.since FROM key k CROSS JOIN LATERAL (
            SELECT coalesce(max(coalesce(a.until + 1, 'infinity')), '-infinity') AS since
            FROM assignment a JOIN establishment e ON e.uai = a.uai
            WHERE a.person = k.holder AND (a.uai = k.uai OR e.successor = k.uai)) w
        WHERE k.serial = ANY (serials) AND k.state = 'in_service' AND w.since < 'infinity'),
    back AS (DELETE FROM key_away o WHERE o.serial = ANY (serials) AND NOT EXISTS (SELECT FROM away WHERE away.serial = o.serial))
    INSERT INTO key_away (serial, since)
    SELECT serial, since FROM away
    ON CONFLICT (serial) DO UPDATE SET since = excluded.since WHERE key_away.since <> excluded.since
$$;
CREATE FUNCTION look_at(people uuid[]) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO person_look (person, due)
    SELECT DISTINCT p, date '-infinity' FROM unnest(people) p WHERE p IS NOT NULL ORDER BY p
    ON CONFLICT (person, due) DO UPDATE SET due = excluded.due -- locked: a night that looks now does not look before this has happened
$$;

CREATE FUNCTION keys_come() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM note_away(array_agg(serial)), look_at(array_agg(holder)) FROM made WHERE holder IS NOT NULL HAVING count(*) > 0;
    RETURN NULL;
END $$;
CREATE FUNCTION key_changes_hands() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM note_away(ARRAY[NEW.serial]), look_at(ARRAY[OLD.holder, NEW.holder]);
    RETURN NULL;
END $$;
CREATE FUNCTION functions_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE people uuid[];
BEGIN
    SELECT array_agg(DISTINCT person) INTO people FROM changed;
    PERFORM look_at(people);
    PERFORM note_away(array_agg(k.serial)) FROM key k WHERE k.holder = ANY (people) HAVING count(*) > 0;
    RETURN NULL;
END $$;
CREATE FUNCTION school_is_succeeded() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM note_away(array_agg(k.serial)) FROM key k
        WHERE k.uai IN (OLD.successor, NEW.successor) AND k.holder IS NOT NULL HAVING count(*) > 0;
    RETURN NULL;
END $$;
CREATE FUNCTION person_is_looked_at() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM look_at(ARRAY[(to_jsonb(OLD) ->> TG_ARGV[0])::uuid, (to_jsonb(NEW) ->> TG_ARGV[0])::uuid]);
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER keys_come AFTER INSERT ON key REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION keys_come();
CREATE TRIGGER key_changes_hands AFTER UPDATE OF holder, uai, state ON key FOR EACH ROW
    WHEN ((OLD.holder, OLD.uai, OLD.state) IS DISTINCT FROM (NEW.holder, NEW.uai, NEW.state) AND (OLD.holder IS NOT NULL OR NEW.holder IS NOT NULL))
    EXECUTE FUNCTION key_changes_hands();
CREATE TRIGGER functions_begin AFTER INSERT ON assignment REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION functions_change();
CREATE TRIGGER functions_change AFTER UPDATE ON assignment REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION functions_change();
CREATE TRIGGER functions_end AFTER DELETE ON assignment REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION functions_change();
CREATE TRIGGER school_is_succeeded AFTER UPDATE OF successor ON establishment FOR EACH ROW
    WHEN (OLD.successor IS DISTINCT FROM NEW.successor) EXECUTE FUNCTION school_is_succeeded();
CREATE TRIGGER person_comes AFTER INSERT ON person FOR EACH ROW EXECUTE FUNCTION person_is_looked_at('id');
CREATE TRIGGER role_changes AFTER UPDATE OF support, auditor ON person FOR EACH ROW
    WHEN ((OLD.support, OLD.auditor) IS DISTINCT FROM (NEW.support, NEW.auditor)) EXECUTE FUNCTION person_is_looked_at('id');
CREATE TRIGGER delegate_changes AFTER INSERT OR UPDATE OR DELETE ON delegation FOR EACH ROW EXECUTE FUNCTION person_is_looked_at('given_to');
CREATE TRIGGER request_opens AFTER INSERT OR DELETE ON request FOR EACH ROW EXECUTE FUNCTION person_is_looked_at('person');
CREATE TRIGGER request_closes AFTER UPDATE OF closed_at, person ON request FOR EACH ROW
    WHEN ((OLD.closed_at, OLD.person) IS DISTINCT FROM (NEW.closed_at, NEW.person)) EXECUTE FUNCTION person_is_looked_at('person');
CREATE TRIGGER move_changes AFTER INSERT OR UPDATE OR DELETE ON key_move FOR EACH ROW EXECUTE FUNCTION person_is_looked_at('holder');

-- +goose Down
DROP TRIGGER move_changes ON key_move;
DROP TRIGGER request_closes ON request;
DROP TRIGGER request_opens ON request;
DROP TRIGGER delegate_changes ON delegation;
DROP TRIGGER role_changes ON person;
DROP TRIGGER person_comes ON person;
DROP TRIGGER school_is_succeeded ON establishment;
DROP TRIGGER functions_end ON assignment;
DROP TRIGGER functions_change ON assignment;
DROP TRIGGER functions_begin ON assignment;
DROP TRIGGER key_changes_hands ON key;
DROP TRIGGER keys_come ON key;
DROP FUNCTION person_is_looked_at, school_is_succeeded, functions_change, key_changes_hands, keys_come, look_at, note_away;
DROP TABLE person_look;
DROP TABLE key_away;
