SELECT number, at, actor, action, object, before, after, reason, prev, hash FROM audit
WHERE number > $1 ORDER BY number LIMIT $2
