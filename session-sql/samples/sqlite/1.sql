CREATE TABLE "sessions" ( /* session-sql schema 1 */
    arrival INTEGER PRIMARY KEY,
    session_key BLOB NOT NULL UNIQUE CHECK (length(session_key) = 32),
    version INTEGER NOT NULL,
    payload BLOB NOT NULL,
    owner BLOB,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    sweep_at INTEGER NOT NULL
) STRICT;
CREATE INDEX "sessions_sweep_at" ON "sessions" (sweep_at);
CREATE INDEX "sessions_owner" ON "sessions" (owner, arrival) WHERE owner IS NOT NULL;
INSERT INTO sessions (session_key, version, payload, owner, created_at, last_seen_at, expires_at, sweep_at) VALUES (X'0303030303030303030303030303030303030303030303030303030303030303', 72623859790382856, X'01007b7d00ff275c', X'616e6e406578616d706c652e6f726720c3a9', 1763834400123, 1763834400124, 1763834400999, 1763834400125);
INSERT INTO sessions (session_key, version, payload, owner, created_at, last_seen_at, expires_at, sweep_at) VALUES (X'0404040404040404040404040404040404040404040404040404040404040404', -1, X'', NULL, 0, 1, 253402300799999, 253402300799999);
