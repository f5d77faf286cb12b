INSERT INTO person (name, title, lang, verifier, temporary_until, totp, totp_step, subject, made, closed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (name) DO UPDATE SET title = excluded.title, lang = excluded.lang, verifier = excluded.verifier,
    temporary_until = excluded.temporary_until, totp = excluded.totp, totp_step = excluded.totp_step,
    subject = excluded.subject, closed = excluded.closed
