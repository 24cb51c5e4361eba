-- One row in a copy: when it was made.
CREATE TABLE copied (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    at_ms INTEGER NOT NULL
);

-- One row where this database took the place of a broken one: what was written from the time of the copy (null:
-- there was none) until the last known write is lost.
CREATE TABLE restored (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    from_ms INTEGER,
    until_ms INTEGER NOT NULL,
    moment_ms INTEGER NOT NULL,
    is_told INTEGER NOT NULL
);
