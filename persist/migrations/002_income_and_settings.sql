-- What the account was paid and charged, who changed which setting, and the indexes of the page's
-- questions. Units as in the first migration.

-- Which liquidations are of a symbol, run by run in the order of time: a row for each symbol of a
-- transaction. An index made by hand, because SQLite's own took two thirds of an insert: rows that
-- come in the order of time go to a page of their own each in the order of symbols.
DROP INDEX liquidations_by_symbol;
CREATE TABLE liquidation_runs (
    symbol          TEXT NOT NULL,
    newest_ns       INTEGER NOT NULL,  -- arrival of the newest one
    newest_sequence INTEGER NOT NULL,
    sequences       TEXT NOT NULL,     -- JSON array
    PRIMARY KEY (symbol, newest_ns, newest_sequence)
) STRICT, WITHOUT ROWID;
INSERT INTO liquidation_runs
    SELECT symbol, max(arrival_ns), max(sequence), json_group_array(sequence)
    FROM liquidations GROUP BY symbol, arrival_ns / 60000000000;

-- The exchange's own books. Its ids are unique within a type only.
CREATE TABLE income (
    type      TEXT NOT NULL,     -- the exchange's word in lower case: realized_pnl, funding_fee …
    id        TEXT NOT NULL,
    time_ns   INTEGER NOT NULL,
    symbol    TEXT,              -- NULL where none applies
    asset     TEXT NOT NULL,
    amount_e8 INTEGER NOT NULL,  -- of the asset; negative when paid
    trade_id  INTEGER NOT NULL,  -- 0 without
    info      TEXT NOT NULL,
    PRIMARY KEY (type, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX income_by_time ON income (time_ns);
CREATE INDEX income_by_symbol ON income (symbol, time_ns);

-- Every change of a setting: what differed from the last start (`file`), and what was changed
-- while running (`live`). A number is in the unit the setting has inside, a word as in the file.
CREATE TABLE settings_audit (
    id       INTEGER PRIMARY KEY,
    sequence INTEGER UNIQUE,     -- of the journal record; NULL for a change of the file
    time_ns  INTEGER NOT NULL,
    source   TEXT NOT NULL,
    setting  TEXT NOT NULL,
    symbol   TEXT,               -- NULL for one of the whole account
    before   ANY,                -- NULL: not known before
    after    ANY                 -- NULL: gone, its default holds
) STRICT;
CREATE INDEX settings_audit_by_time ON settings_audit (time_ns);

-- No question asks for tranches by state; the page asks for those of one symbol, newest first.
DROP INDEX tranches_by_key;
CREATE INDEX tranches_by_symbol ON tranches (symbol, updated_ns);
CREATE INDEX fills_by_symbol ON fills (symbol, trade_ns);
CREATE INDEX merges_by_symbol ON merges (symbol, time_ns);
CREATE INDEX modes_by_time ON modes (time_ns);
