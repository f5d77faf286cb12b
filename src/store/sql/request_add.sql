INSERT INTO request (site, reference, gateway, origin, topic, about, words, contact, visit, explanation, state, holder, desk, agency, level,
    made, received, due, changed, settled)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
ON CONFLICT (site, reference) DO NOTHING
