INSERT INTO request_step (site, reference, event, at, kind, actor, agency, words)
SELECT $1, $2, COALESCE(max(event), 0) + 1, $3, $4, $5, $6, $7 FROM request_step
