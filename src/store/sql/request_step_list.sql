SELECT site, reference, event, at, kind, actor, agency, words FROM request_step WHERE site = $1 AND reference = $2 ORDER BY event
