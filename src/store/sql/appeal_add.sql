INSERT INTO appeal (site, reference, gateway, subject, why, contact, sop, sop_revision, clause, explanation, made, received, verdict, words,
    decided_by, decided, until)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
ON CONFLICT (site, reference) DO NOTHING
