-- When deployments were begun within the last day, for the limits: a record of its own, which names nobody.
CREATE TABLE openings (
    at_ms        BIGINT NOT NULL,
    organisation TEXT
);

CREATE INDEX openings_by_age ON openings (at_ms);

INSERT INTO openings (at_ms) SELECT opened_at_ms FROM runs;
