UPDATE appeal SET verdict = $3, words = $4, decided_by = $5, decided = $6, until = $7
WHERE site = $1 AND reference = $2 AND decided IS NULL
