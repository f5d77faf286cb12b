UPDATE desk_order SET state = $3, outcome = $4, told = $5 WHERE site = $1 AND id = $2 AND state <> 'taken-back' AND (state <> 'done' OR $3 = 'done')
