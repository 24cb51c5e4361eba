CREATE TABLE runs (
    id           TEXT PRIMARY KEY,
    owner        TEXT NOT NULL,
    opened_at_ms BIGINT NOT NULL,
    epoch        BIGINT NOT NULL,
    ended        TEXT
);

CREATE INDEX runs_by_owner ON runs (owner);

CREATE TABLE journal (
    run   TEXT NOT NULL REFERENCES runs (id),
    seq   BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    entry TEXT NOT NULL,
    PRIMARY KEY (run, seq)
);
