INSERT INTO sop_ending (sop, staff, reason, asked) VALUES ($1, $2, $3, $4)
