-- The region of a run that moved; none while it is in the first one of its spec.
ALTER TABLE runs ADD COLUMN region TEXT;

UPDATE runs SET region = (
    SELECT substr(entry, 29, length(entry) - 30) FROM journal
    WHERE run = runs.id AND entry LIKE '{"entry":"placed","region":"%'
    ORDER BY seq DESC LIMIT 1
);
