UPDATE sop SET state = $2, author = $3, approver = $4, approved = $5, published = $6, ended = $7, decree = $8, trial = $9,
    trial_until = $10
WHERE id = $1
