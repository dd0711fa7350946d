-- How long requests stay in each stage is asked of years of timelines at once: each line that ends a stage says which one, and since when that
-- had lasted. Lines that are there already are filled in by 00035.

-- +goose Up
ALTER TABLE timeline ADD COLUMN ended text, ADD COLUMN ended_since timestamptz;
COMMENT ON COLUMN timeline.ended IS 'the open stage that this line ended; null: none';

-- Which stage a request was in just before a line: that which the last line before it began. Support being told, a key swapped for another or a
-- school that moves change no stage. Whoever has signed goes straight from the line for keys to the handover.
-- +goose StatementBegin
CREATE FUNCTION stage_before(of_request uuid, line integer, OUT stage text, OUT since timestamptz) LANGUAGE sql STABLE AS $$
    SELECT CASE t.kind
        WHEN 'asked' THEN 'awaiting_decision'
        WHEN 'waits_for_stock' THEN 'awaiting_stock'
        WHEN 'charter_signed' THEN 'awaiting_handover'
        WHEN 'key_reserved' THEN CASE WHEN EXISTS (SELECT FROM timeline s WHERE s.request = t.request AND s.seq < t.seq AND s.kind = 'charter_signed')
            THEN 'awaiting_handover' ELSE 'awaiting_charter' END
        END, t.at
    FROM timeline t WHERE t.request = of_request AND t.seq < line AND t.kind NOT IN ('to_support', 'moved', 'key_swapped')
    ORDER BY t.seq DESC LIMIT 1
$$;
CREATE FUNCTION timeline_ends_stage() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT b.stage, b.since INTO NEW.ended, NEW.ended_since FROM stage_before(NEW.request, NEW.seq) b WHERE b.stage IS NOT NULL;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER timeline_ends_stage BEFORE INSERT ON timeline
    FOR EACH ROW WHEN (NEW.kind NOT IN ('to_support', 'moved', 'key_swapped')) EXECUTE FUNCTION timeline_ends_stage();

-- +goose Down
DROP TRIGGER timeline_ends_stage ON timeline;
DROP FUNCTION timeline_ends_stage;
DROP FUNCTION stage_before;
ALTER TABLE timeline DROP COLUMN ended_since, DROP COLUMN ended;
