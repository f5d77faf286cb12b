UPDATE request SET state = $3, holder = $4, desk = $5, agency = $6, level = $7, due = $8, changed = $9, settled = $10
WHERE site = $1 AND reference = $2
