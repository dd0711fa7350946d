-- +goose NO TRANSACTION
-- What is there already: a school's keys a transaction, and everybody for the first night to look at, as each night did before.

-- +goose Up
SET statement_timeout = 0; -- of the whole; each batch is short
-- +goose StatementBegin
DO $$
DECLARE school text;
BEGIN
    FOR school IN SELECT uai FROM establishment LOOP
        PERFORM note_away(array_agg(k.serial)) FROM key k WHERE k.uai = school AND k.state = 'in_service' HAVING count(*) > 0;
        COMMIT;
    END LOOP;
END $$;
-- +goose StatementEnd
RESET statement_timeout;
INSERT INTO person_look (person, due) SELECT id, '-infinity' FROM person WHERE erased_at IS NULL ON CONFLICT DO NOTHING;

-- +goose Down
SELECT 1;
