-- Who worked at a school when another took over: they work there since, and those who answered for it are told where everything went.

-- +goose Up
CREATE TABLE succession_staff (
    succession uuid NOT NULL REFERENCES succession,
    person     uuid NOT NULL REFERENCES person,
    function   text,
    answered   boolean NOT NULL,
    PRIMARY KEY (succession, person)
);
COMMENT ON COLUMN succession_staff.function IS 'chef, adjoint or personnel: the highest that they had there; null: they answered for it from elsewhere';
COMMENT ON COLUMN succession_staff.answered IS 'they handed its keys over, as principal, deputy or delegate';

-- +goose Down
DROP TABLE succession_staff;
