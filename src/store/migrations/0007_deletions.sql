-- People's messages that hold a credential and are to be deleted; gone when the person was told what came of it.
CREATE TABLE deletions (
    channel TEXT NOT NULL,
    chat    TEXT NOT NULL,
    message TEXT NOT NULL,
    person  TEXT NOT NULL,
    at_ms   BIGINT NOT NULL,
    PRIMARY KEY (channel, chat, message)
);
