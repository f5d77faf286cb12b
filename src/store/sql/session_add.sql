INSERT INTO staff_session (hash, person, stage, made, seen, proved, address, agent, pending)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
