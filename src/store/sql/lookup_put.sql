INSERT INTO lookup (id, case_number, basis, authority, reason, kind, place, span_from, span_until, state, question, answer, found, asked_by, asked,
    decided_by, decided, words, until, closed_by, closed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
ON CONFLICT (id) DO UPDATE SET state = excluded.state, question = excluded.question, answer = excluded.answer,
    found = excluded.found, decided_by = excluded.decided_by, decided = excluded.decided, words = excluded.words,
    until = excluded.until, closed_by = excluded.closed_by, closed = excluded.closed
