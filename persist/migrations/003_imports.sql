-- What was taken over from the old bot's database, and every row of it that was not taken as it
-- stood. Rows that came from there carry sequences below 0: no journal record is theirs.

CREATE TABLE imports (
    digest  TEXT PRIMARY KEY,  -- SHA-256 of the old file
    time_ns INTEGER NOT NULL,
    source  TEXT NOT NULL,     -- path as it was given
    variant TEXT NOT NULL,     -- V1 … V5
    report  TEXT NOT NULL      -- the counts, JSON
) STRICT;

CREATE TABLE import_notes (
    id           INTEGER PRIMARY KEY,
    source_table TEXT NOT NULL,
    source_row   INTEGER NOT NULL,  -- its rowid there
    outcome      TEXT NOT NULL,     -- changed, ignored
    reason       TEXT NOT NULL,
    content      TEXT NOT NULL      -- the whole row as it stood, JSON
) STRICT;
CREATE INDEX import_notes_by_table ON import_notes (source_table, outcome);
