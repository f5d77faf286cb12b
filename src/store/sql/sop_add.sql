INSERT INTO sop (id, layer, of_place, number, revision, title, state, sha256, document, review_by, author, made, approver, approved,
    published, ended, decree, trial, trial_until)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
