-- +goose Up

-- How many things did not go on by themselves, as the morning's watch counted them: what was stuck a week ago is written nowhere else.
CREATE TABLE stuck_on (
    day   date PRIMARY KEY,
    count integer NOT NULL CHECK (count >= 0)
);

-- +goose Down
DROP TABLE stuck_on;
