-- Where a supplier delivers: the register's street, kept for the workbook of orders.

-- +goose Up
ALTER TABLE establishment ADD COLUMN street text NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE establishment DROP COLUMN street;
