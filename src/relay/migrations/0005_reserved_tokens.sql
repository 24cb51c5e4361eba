-- Tokens of this day that calls may have cost, as far as their answers have not told.
ALTER TABLE usage ADD COLUMN reserved_tokens INTEGER NOT NULL DEFAULT 0;
