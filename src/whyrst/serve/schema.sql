CREATE TABLE IF NOT EXISTS captures (
    id TEXT PRIMARY KEY,          -- random
    labels TEXT NOT NULL,         -- JSON list: what its owner calls each file; never a path of ours
    paths TEXT NOT NULL,          -- JSON list; several: compared
    uploaded INTEGER NOT NULL,    -- 1: the file is ours to delete
    size INTEGER NOT NULL,
    created REAL NOT NULL,        -- seconds since 1970
    state TEXT NOT NULL,          -- queued, running, done, failed, stopped, live
    done INTEGER NOT NULL DEFAULT 0,
    total INTEGER,
    error TEXT,
    quality TEXT                  -- JSON
);
CREATE TABLE IF NOT EXISTS verdicts (
    capture TEXT NOT NULL REFERENCES captures (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,      -- 1 = first in the capture
    time TEXT NOT NULL,
    frame INTEGER NOT NULL,
    cause TEXT NOT NULL,
    confidence TEXT NOT NULL,
    mechanism TEXT NOT NULL,
    harm TEXT NOT NULL,
    client TEXT NOT NULL,         -- address
    client_port INTEGER NOT NULL,
    server TEXT NOT NULL,
    server_port INTEGER NOT NULL,
    incident TEXT,
    verdict TEXT NOT NULL,        -- JSON
    PRIMARY KEY (capture, number)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS verdicts_time ON verdicts (time);
CREATE INDEX IF NOT EXISTS verdicts_cause ON verdicts (capture, cause);
CREATE TABLE IF NOT EXISTS incidents (
    capture TEXT NOT NULL REFERENCES captures (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    place INTEGER NOT NULL,       -- in the report: the most harmful first
    incident TEXT NOT NULL,       -- JSON
    PRIMARY KEY (capture, id)
) WITHOUT ROWID;
