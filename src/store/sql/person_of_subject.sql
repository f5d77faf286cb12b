SELECT name, title, lang, verifier, temporary_until, totp, totp_step, subject, made, closed FROM person
WHERE subject = $1
