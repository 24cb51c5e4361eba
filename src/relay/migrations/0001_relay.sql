-- Lines of the owner. The text of a settled line is erased; its id stays, so that a second delivery
-- is known.
CREATE TABLE inbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    chat TEXT NOT NULL,
    text TEXT NOT NULL,
    turn TEXT NOT NULL,
    session TEXT NOT NULL,
    is_command INTEGER NOT NULL,
    is_stopped INTEGER NOT NULL DEFAULT 0,
    is_settled INTEGER NOT NULL DEFAULT 0,
    at_ms INTEGER NOT NULL
);
CREATE INDEX inbox_waiting ON inbox (seq) WHERE is_settled = 0;

-- Messages of ours; unsent while sent_revision < revision.
CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    chat TEXT NOT NULL,
    text TEXT NOT NULL,
    message TEXT,
    revision INTEGER NOT NULL DEFAULT 1,
    sent_revision INTEGER NOT NULL DEFAULT 0,
    at_ms INTEGER NOT NULL
);
CREATE INDEX outbox_unsent ON outbox (seq) WHERE sent_revision < revision;

-- The web channel's messages in their latest form; no body: removed.
CREATE TABLE web_log (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    body TEXT
);

-- Tokens per day since 1970.
CREATE TABLE usage (
    day INTEGER PRIMARY KEY,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL
);

-- One row: the session that new lines belong to.
CREATE TABLE session (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id TEXT NOT NULL
);
INSERT INTO session (one, id) VALUES (1, 'main');
