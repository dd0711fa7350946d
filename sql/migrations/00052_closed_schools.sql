-- +goose NO TRANSACTION
-- Support's page asks which schools the register has closed without a word of what follows: a few among all.

-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS establishment_closed ON establishment (uai) WHERE NOT served AND successor IS NULL;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS establishment_closed;
