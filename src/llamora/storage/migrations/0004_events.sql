-- What happened to an account: sign-ins, refused attempts, keys and codes. Kind and moment are
-- sealed, so a copy of the file tells how many there are and nothing more.
CREATE TABLE events (
    id BLOB NOT NULL,
    owner BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    sealed BLOB NOT NULL,
    PRIMARY KEY (owner, id)
);

-- What the list of sessions shows of one, under the account's key: the session's own row opens only
-- with its cookie. `id` is the session's.
CREATE TABLE seats (
    id BLOB NOT NULL PRIMARY KEY,
    owner BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    sealed BLOB NOT NULL
);
