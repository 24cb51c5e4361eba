-- Text of others that came with a line (JSON), erased with the line's own; and a keyed digest of what was
-- written, by which an edit without a change of words is known.
ALTER TABLE inbox ADD COLUMN citations TEXT;
ALTER TABLE inbox ADD COLUMN digest TEXT;

-- The author of a file that was forwarded (JSON).
ALTER TABLE arrived ADD COLUMN author TEXT;
