-- Wrong invitation codes of the last day, for the limits: of each a print of who sent it, which many people share.
CREATE TABLE wrong_codes (
    print TEXT NOT NULL,
    at_ms BIGINT NOT NULL
);
CREATE INDEX wrong_codes_by_print ON wrong_codes (print, at_ms);
CREATE INDEX wrong_codes_by_age ON wrong_codes (at_ms);
