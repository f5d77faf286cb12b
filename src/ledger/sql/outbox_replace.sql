DELETE FROM outbox WHERE subject = ?1
