SELECT site, reference, event, at, kind, actor, agency, words FROM request_step
WHERE site = $1 AND kind = 'answered' AND words <> '' AND at > $2 ORDER BY event
