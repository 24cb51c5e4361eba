CREATE TABLE conversations (
    channel       TEXT NOT NULL,
    chat          TEXT NOT NULL,
    person        TEXT NOT NULL,
    state         TEXT NOT NULL,
    messages      BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    PRIMARY KEY (channel, chat)
);

CREATE TABLE inbound (
    channel    TEXT NOT NULL,
    id         TEXT NOT NULL,
    seen_at_ms BIGINT NOT NULL,
    PRIMARY KEY (channel, id)
);

CREATE INDEX inbound_by_age ON inbound (seen_at_ms);

CREATE TABLE outbound (
    channel TEXT NOT NULL,
    chat    TEXT NOT NULL,
    seq     BIGINT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (channel, chat, seq)
);
