-- How many people each invitation has let in, by a print of its code: not whom.
CREATE TABLE invitations (
    code   TEXT PRIMARY KEY,
    let_in BIGINT NOT NULL
);
