-- One-time codes with which someone may begin a journal. `id` is the code's SHA-256; `expires` is in
-- seconds since 1970. They belong to no account, and nothing tells afterwards who used which.
CREATE TABLE invitations (
    id BLOB NOT NULL PRIMARY KEY,
    expires INTEGER NOT NULL
);
