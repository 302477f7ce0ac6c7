CREATE TABLE `sessions` (
    session_key BINARY(32) NOT NULL,
    arrival BIGINT NOT NULL AUTO_INCREMENT,
    version BIGINT NOT NULL,
    payload LONGBLOB NOT NULL,
    owner VARBINARY(255) NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    sweep_at BIGINT NOT NULL,
    PRIMARY KEY (session_key),
    UNIQUE KEY `sessions_arrival` (arrival),
    KEY `sessions_sweep_at` (sweep_at),
    KEY `sessions_owner` (owner, arrival)
) ENGINE = InnoDB COMMENT = 'session-sql schema 1';
INSERT INTO sessions (session_key, version, payload, owner, created_at, last_seen_at, expires_at, sweep_at) VALUES (X'0303030303030303030303030303030303030303030303030303030303030303', 72623859790382856, X'01007b7d00ff275c', X'616e6e406578616d706c652e6f726720c3a9', 1763834400123, 1763834400124, 1763834400999, 1763834400125);
INSERT INTO sessions (session_key, version, payload, owner, created_at, last_seen_at, expires_at, sweep_at) VALUES (X'0404040404040404040404040404040404040404040404040404040404040404', -1, X'', NULL, 0, 1, 253402300799999, 253402300799999);
