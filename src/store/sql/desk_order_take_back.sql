UPDATE desk_order SET state = 'taken-back', told = $3
WHERE site = $1 AND id = $2 AND state = 'queued' AND sent IS NULL
