INSERT INTO outbox (subject, body) VALUES (?1, ?2)
