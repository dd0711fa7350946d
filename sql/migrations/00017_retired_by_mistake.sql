-- +goose Up
INSERT INTO key_transition (from_state, reason, to_state) VALUES ('retired', 'found', 'in_stock');

-- +goose Down
DELETE FROM key_transition WHERE from_state = 'retired';
