-- What the account did. Units: *_e8 are whole numbers of 1e-8 (exact, never rounded), *_ns are
-- nanoseconds since 1970 UTC (or a span), 0 where the fact is not known. Enumerations are words.
-- `sequence` is that of the journal record a row came from, and never repeats; `time_ns` is the
-- engine's time of that record.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value ANY
) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES ('epoch', 0), ('journal_sequence', 0);

-- Every forced order seen, with the decision about it: `verdict` says why it was or was not traded.
CREATE TABLE liquidations (
    sequence         INTEGER PRIMARY KEY,
    time_ns          INTEGER NOT NULL,
    symbol           TEXT NOT NULL,
    arrival_ns       INTEGER NOT NULL,
    exchange_ns      INTEGER NOT NULL,
    trade_ns         INTEGER NOT NULL,
    side             TEXT NOT NULL,     -- of the forced order: sell closes a long
    price_e8         INTEGER NOT NULL,
    average_price_e8 INTEGER NOT NULL,
    quantity_e8      INTEGER NOT NULL,
    filled_e8        INTEGER NOT NULL,
    value_e8         INTEGER NOT NULL,  -- quote currency
    window_sum_e8    INTEGER NOT NULL,  -- quote currency or base units, as settings say
    threshold_e8     INTEGER NOT NULL,  -- same unit
    trade_side       TEXT NOT NULL,     -- ours, had it been traded
    verdict          TEXT NOT NULL,
    tranche_id       INTEGER            -- it was entered into
) STRICT;
CREATE INDEX liquidations_by_time ON liquidations (arrival_ns);
CREATE INDEX liquidations_by_symbol ON liquidations (symbol, arrival_ns);
CREATE INDEX liquidations_entered ON liquidations (arrival_ns) WHERE verdict = 'entered';

-- Newest state of each tranche. Identity: id; also (symbol, side, episode, ordinal).
CREATE TABLE tranches (
    sequence                 INTEGER NOT NULL,
    time_ns                  INTEGER NOT NULL,
    id                       INTEGER PRIMARY KEY,
    symbol                   TEXT NOT NULL,
    side                     TEXT NOT NULL,
    episode                  INTEGER NOT NULL,
    ordinal                  INTEGER NOT NULL,
    state                    TEXT NOT NULL,
    open                     INTEGER NOT NULL,  -- 1 unless the state is final
    quantity_e8              INTEGER NOT NULL,
    cost_e8                  INTEGER NOT NULL,
    entry_e8                 INTEGER NOT NULL,
    entered_e8               INTEGER NOT NULL,
    exited_e8                INTEGER NOT NULL,
    realized_e8              INTEGER NOT NULL,  -- before fees
    fees_e8                  INTEGER NOT NULL,
    take_profit_e8           INTEGER NOT NULL,
    stop_loss_e8             INTEGER NOT NULL,
    take_profit_order        INTEGER NOT NULL,
    stop_loss_order          INTEGER NOT NULL,
    created_ns               INTEGER NOT NULL,
    updated_ns               INTEGER NOT NULL,
    closed_ns                INTEGER NOT NULL,
    unprotected_since_ns     INTEGER NOT NULL,
    unprotected_total_ns     INTEGER NOT NULL,
    unprotected_max_ns       INTEGER NOT NULL,
    entry_generation         INTEGER NOT NULL,
    take_profit_generation   INTEGER NOT NULL,
    stop_loss_generation     INTEGER NOT NULL,
    close_generation         INTEGER NOT NULL,
    close_reason             TEXT NOT NULL,
    adopted                  INTEGER NOT NULL
) STRICT;
CREATE INDEX tranches_by_key ON tranches (symbol, side, state);
CREATE INDEX tranches_by_episode ON tranches (symbol, side, episode, ordinal);
CREATE INDEX tranches_by_time ON tranches (updated_ns);
CREATE INDEX tranches_open ON tranches (id) WHERE open = 1;

-- Every change of every tranche: its whole state after the change.
CREATE TABLE tranche_history (
    sequence                 INTEGER PRIMARY KEY,
    time_ns                  INTEGER NOT NULL,
    id                       INTEGER NOT NULL REFERENCES tranches (id),
    symbol                   TEXT NOT NULL,
    side                     TEXT NOT NULL,
    episode                  INTEGER NOT NULL,
    ordinal                  INTEGER NOT NULL,
    state                    TEXT NOT NULL,
    open                     INTEGER NOT NULL,
    quantity_e8              INTEGER NOT NULL,
    cost_e8                  INTEGER NOT NULL,
    entry_e8                 INTEGER NOT NULL,
    entered_e8               INTEGER NOT NULL,
    exited_e8                INTEGER NOT NULL,
    realized_e8              INTEGER NOT NULL,
    fees_e8                  INTEGER NOT NULL,
    take_profit_e8           INTEGER NOT NULL,
    stop_loss_e8             INTEGER NOT NULL,
    take_profit_order        INTEGER NOT NULL,
    stop_loss_order          INTEGER NOT NULL,
    created_ns               INTEGER NOT NULL,
    updated_ns               INTEGER NOT NULL,
    closed_ns                INTEGER NOT NULL,
    unprotected_since_ns     INTEGER NOT NULL,
    unprotected_total_ns     INTEGER NOT NULL,
    unprotected_max_ns       INTEGER NOT NULL,
    entry_generation         INTEGER NOT NULL,
    take_profit_generation   INTEGER NOT NULL,
    stop_loss_generation     INTEGER NOT NULL,
    close_generation         INTEGER NOT NULL,
    close_reason             TEXT NOT NULL,
    adopted                  INTEGER NOT NULL
) STRICT;
CREATE INDEX tranche_history_by_tranche ON tranche_history (id, sequence);
CREATE INDEX tranche_history_by_time ON tranche_history (time_ns);

-- Newest state of each order of ours.
CREATE TABLE orders (
    id               INTEGER PRIMARY KEY,
    sequence         INTEGER NOT NULL,
    time_ns          INTEGER NOT NULL,
    client_order_id  TEXT NOT NULL UNIQUE,
    role             TEXT NOT NULL,
    tranche_id       INTEGER REFERENCES tranches (id),  -- NULL for a backstop
    order_id         INTEGER NOT NULL,                  -- the exchange's, 0 until known
    symbol           TEXT NOT NULL,
    side             TEXT NOT NULL,
    position_side    TEXT NOT NULL,
    type             TEXT NOT NULL,
    time_in_force    TEXT NOT NULL,
    working_type     TEXT NOT NULL,
    state            TEXT NOT NULL,
    open             INTEGER NOT NULL,                  -- 1 unless the state is final
    price_e8         INTEGER NOT NULL,
    stop_price_e8    INTEGER NOT NULL,
    quantity_e8      INTEGER NOT NULL,
    filled_e8        INTEGER NOT NULL,
    average_price_e8 INTEGER NOT NULL,
    created_ns       INTEGER NOT NULL,
    updated_ns       INTEGER NOT NULL,
    sent_ns          INTEGER NOT NULL,
    cause_ns         INTEGER NOT NULL,
    code             INTEGER NOT NULL,                  -- last error code of the exchange
    reduce_only      INTEGER NOT NULL,
    close_position   INTEGER NOT NULL,
    price_protect    INTEGER NOT NULL
) STRICT;
CREATE INDEX orders_by_tranche ON orders (tranche_id);
CREATE INDEX orders_by_order_id ON orders (order_id);
CREATE INDEX orders_by_time ON orders (created_ns);
CREATE INDEX orders_by_symbol ON orders (symbol, created_ns);
CREATE INDEX orders_open ON orders (id) WHERE open = 1;

-- Every trade. One trade of the exchange can be two rows of ours: when both sides of it were ours
-- (two orders), and when a forced or foreign close is split over several tranches.
CREATE TABLE fills (
    sequence             INTEGER PRIMARY KEY,
    time_ns              INTEGER NOT NULL,
    symbol               TEXT NOT NULL,
    trade_id             INTEGER NOT NULL,  -- 0: the exchange named none
    order_id             INTEGER NOT NULL,
    client_order_id      TEXT,              -- NULL when the order is not ours
    tranche_id           INTEGER REFERENCES tranches (id),
    side                 TEXT NOT NULL,
    position_side        TEXT NOT NULL,
    role                 TEXT NOT NULL,
    quantity_e8          INTEGER NOT NULL,
    price_e8             INTEGER NOT NULL,
    commission_e8        INTEGER NOT NULL,  -- positive when charged
    commission_asset     TEXT NOT NULL,
    realized_e8          INTEGER NOT NULL,  -- by the tranche's own cost, before fees
    exchange_realized_e8 INTEGER NOT NULL,  -- as the exchange says
    trade_ns             INTEGER NOT NULL,
    maker                INTEGER NOT NULL,
    ours                 INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX fills_by_trade ON fills (symbol, trade_id, order_id, ifnull(tranche_id, 0))
    WHERE trade_id <> 0;
CREATE INDEX fills_by_tranche ON fills (tranche_id);
CREATE INDEX fills_by_order ON fills (order_id);
CREATE INDEX fills_by_time ON fills (trade_ns);

CREATE TABLE merges (
    sequence             INTEGER PRIMARY KEY,
    time_ns              INTEGER NOT NULL,
    symbol               TEXT NOT NULL,
    side                 TEXT NOT NULL,
    kept_id              INTEGER NOT NULL REFERENCES tranches (id),
    absorbed_id          INTEGER NOT NULL REFERENCES tranches (id),
    kept_quantity_e8     INTEGER NOT NULL,  -- before
    absorbed_quantity_e8 INTEGER NOT NULL,
    kept_entry_e8        INTEGER NOT NULL,
    absorbed_entry_e8    INTEGER NOT NULL,
    entry_e8             INTEGER NOT NULL,  -- after
    why                  INTEGER NOT NULL   -- 0 automatic, 1 forced, 2 manual
) STRICT;
CREATE INDEX merges_by_time ON merges (time_ns);

CREATE TABLE modes (
    sequence  INTEGER PRIMARY KEY,
    time_ns   INTEGER NOT NULL,
    from_mode TEXT NOT NULL,
    to_mode   TEXT NOT NULL,
    paused    INTEGER NOT NULL,
    reason    TEXT NOT NULL
) STRICT;

CREATE TABLE alarms (
    sequence   INTEGER PRIMARY KEY,
    time_ns    INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    raised     INTEGER NOT NULL,  -- 0: it is over
    symbol     TEXT,
    tranche_id INTEGER,
    value      INTEGER NOT NULL,
    text       TEXT NOT NULL
) STRICT;
CREATE INDEX alarms_by_time ON alarms (time_ns);

CREATE TABLE balances (
    sequence          INTEGER PRIMARY KEY,
    time_ns           INTEGER NOT NULL,
    wallet_e8         INTEGER NOT NULL,
    available_e8      INTEGER NOT NULL,
    unrealized_e8     INTEGER NOT NULL,
    realized_today_e8 INTEGER NOT NULL
) STRICT;
CREATE INDEX balances_by_time ON balances (time_ns);

-- Records that no table would take: kept whole, so that nothing is lost and nothing is held up.
CREATE TABLE rejected_records (
    sequence INTEGER PRIMARY KEY,
    time_ns  INTEGER NOT NULL,
    kind     INTEGER NOT NULL,
    reason   TEXT NOT NULL,
    record   BLOB NOT NULL
) STRICT;
