-- One row: where the owner's bot led before this relay; null: nowhere.
CREATE TABLE pointing (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    before TEXT
);
