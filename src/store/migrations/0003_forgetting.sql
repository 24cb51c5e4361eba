-- Where to send the words that say that everything is erased; gone with the last of them.
ALTER TABLE conversations ADD COLUMN forgotten BIGINT NOT NULL DEFAULT 0;

-- Deployments of people who were forgotten, for the limit of a day, under a print that many share.
CREATE TABLE begun (
    print TEXT NOT NULL,
    at_ms BIGINT NOT NULL
);
