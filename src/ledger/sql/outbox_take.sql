DELETE FROM outbox WHERE seq = ?1 RETURNING subject, body
