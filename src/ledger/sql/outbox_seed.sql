INSERT INTO sqlite_sequence (name, seq) VALUES ('outbox', ?1)
