-- Names sort as in a French dictionary: "de La Tour", "Élie" and "Étienne" before "Zola". Only the order changes: no row is written, and no index
-- is on these columns.

-- +goose Up
CREATE COLLATION IF NOT EXISTS french (provider = icu, locale = 'fr-FR');
-- squawk-ignore changing-column-type
ALTER TABLE person ALTER COLUMN family_name TYPE text COLLATE french, ALTER COLUMN given_name TYPE text COLLATE french;
-- squawk-ignore changing-column-type
ALTER TABLE establishment ALTER COLUMN name TYPE text COLLATE french, ALTER COLUMN commune TYPE text COLLATE french;

-- +goose Down
ALTER TABLE establishment ALTER COLUMN commune TYPE text COLLATE "default", ALTER COLUMN name TYPE text COLLATE "default";
ALTER TABLE person ALTER COLUMN given_name TYPE text COLLATE "default", ALTER COLUMN family_name TYPE text COLLATE "default";
DROP COLLATION french;
