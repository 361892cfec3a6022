-- What search keeps: docs/spec/vault-format.md names every column that may be visible. None of it
-- says what was written or looked for, nor when.

-- The passages of a writing with their vectors, one row for each; `id` is that of the writing. All
-- of an owner are read together, so they lie together.
CREATE TABLE passages (
    id BLOB NOT NULL,
    owner BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    revision INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (owner, id)
);

-- Many passages in one record, to be read at once; can be made anew from the passages.
CREATE TABLE segments (
    id BLOB NOT NULL PRIMARY KEY,
    owner BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    revision INTEGER NOT NULL,
    sealed BLOB NOT NULL
);
CREATE INDEX segments_of_owner ON segments (owner);

-- Recent searches; `query` is a keyed hash of what was looked for.
CREATE TABLE queries (
    id BLOB NOT NULL PRIMARY KEY,
    owner BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    query BLOB NOT NULL,
    sealed BLOB NOT NULL,
    UNIQUE (owner, query)
);
