-- The school that an establishment is a part of, from the annuaire (etablissement_mere): empty for none, NULL where no register has said.

-- +goose Up
ALTER TABLE establishment ADD COLUMN mother text;

-- +goose Down
ALTER TABLE establishment DROP COLUMN mother;
