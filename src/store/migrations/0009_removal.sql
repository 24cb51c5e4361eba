-- Whether the run can only be removed: it was found in an account, or its removal has begun.
ALTER TABLE runs ADD COLUMN removal_only INTEGER NOT NULL DEFAULT 0;

UPDATE runs SET removal_only = 1 WHERE EXISTS (
    SELECT 1 FROM journal
    WHERE run = runs.id AND entry IN ('{"entry":"turned"}', '{"entry":"adopted"}')
);
