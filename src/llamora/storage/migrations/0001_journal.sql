-- The journal's first tables: docs/spec/vault-format.md names every column that may be visible.
-- Everything else is inside `sealed`. There is no moment in clear but a session's end, and the
-- primary keys are random, so that neither order nor age of a row can be seen.

-- `name` is kept casefolded; settings, counts and the root are sealed.
CREATE TABLE accounts (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    epoch INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    last_change INTEGER NOT NULL,
    sealed BLOB NOT NULL
);

-- The key of an epoch, sealed once for each secret that opens it (m in MiB, t in passes).
CREATE TABLE wraps (
    id BLOB NOT NULL PRIMARY KEY,
    owner BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    salt BLOB NOT NULL,
    m INTEGER NOT NULL,
    t INTEGER NOT NULL,
    sealed BLOB NOT NULL
);
CREATE INDEX wraps_of_owner ON wraps (owner);

-- The key of an epoch that has been left, sealed under the one that followed.
CREATE TABLE chain (
    owner BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    epoch INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (owner, epoch)
);

-- `id` is a hash of the cookie's secret; `expires` is in seconds since 1970.
CREATE TABLE sessions (
    id BLOB NOT NULL PRIMARY KEY,
    owner BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    expires INTEGER NOT NULL,
    sealed BLOB NOT NULL
);
CREATE INDEX sessions_of_owner ON sessions (owner);

-- Entries, responses, openings, recaps and summaries alike; `day` is a keyed hash of the date.
CREATE TABLE writings (
    id BLOB NOT NULL PRIMARY KEY,
    owner BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    day BLOB NOT NULL,
    revision INTEGER NOT NULL,
    sealed BLOB NOT NULL
);
CREATE INDEX writings_of_day ON writings (owner, day);

-- A day's table of contents.
CREATE TABLE days (
    id BLOB NOT NULL PRIMARY KEY,
    owner BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    day BLOB NOT NULL,
    revision INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    UNIQUE (owner, day)
);

-- What is not finished; `place` is a keyed hash of where it belongs.
CREATE TABLE drafts (
    id BLOB NOT NULL PRIMARY KEY,
    owner BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    place BLOB NOT NULL,
    revision INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    UNIQUE (owner, place)
);

-- Notes for those who follow; `seq` comes from accounts.last_change.
CREATE TABLE changes (
    owner BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (owner, seq)
);

-- How far each follower has come.
CREATE TABLE cursors (
    owner BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    follower TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (owner, follower)
);
