-- When the database last wrote what the API shows of a request or an order. The instants beside it are the flow's own: a step that is done
-- again after a fault keeps the one of its first try, which whoever asks for changes may have passed. What was there before counts as
-- written today.

-- +goose Up
ALTER TABLE request ADD COLUMN touched_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE key_order ADD COLUMN touched_at timestamptz NOT NULL DEFAULT now();

-- +goose StatementBegin
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.touched_at = clock_timestamp();
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER request_is_touched BEFORE INSERT OR UPDATE OF uai, need, reason, stage, turn, since, handed_over_key ON request
    FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER key_order_is_touched BEFORE INSERT OR UPDATE OF uai, quantity, received, comment, state, export, exported_at ON key_order
    FOR EACH ROW EXECUTE FUNCTION touch();

-- +goose Down
DROP TRIGGER key_order_is_touched ON key_order;
DROP TRIGGER request_is_touched ON request;
DROP FUNCTION touch();
ALTER TABLE key_order DROP COLUMN touched_at;
ALTER TABLE request DROP COLUMN touched_at;
