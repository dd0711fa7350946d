-- +goose Up
ALTER TABLE link ADD COLUMN since timestamptz;
COMMENT ON COLUMN link.since IS 'when the role began by which its person may answer: a link dies with it for good; null: mailed before this was kept';

-- +goose Down
ALTER TABLE link DROP COLUMN since;
