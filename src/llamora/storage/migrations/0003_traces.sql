-- The labels of entries. `name` is a keyed hash of what the trace is called; which entries carry it
-- stands in the sealed rows of their days alone.
CREATE TABLE traces (
    id BLOB NOT NULL PRIMARY KEY,
    owner BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name BLOB NOT NULL,
    revision INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    UNIQUE (owner, name)
);
