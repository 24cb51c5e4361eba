-- A file that came instead of a line, as its channel names it (JSON); the text is its caption.
ALTER TABLE inbox ADD COLUMN file TEXT;

-- What is known of a file that is sent (JSON); the text is its caption, its bytes are beside the database.
ALTER TABLE outbox ADD COLUMN file TEXT;

-- Files in the VM's workspace that the agent has not been told of, or was told of with that turn.
CREATE TABLE arrived (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    line TEXT NOT NULL UNIQUE,
    path TEXT NOT NULL,
    turn TEXT
);
