SELECT number, at, actor, action, object, before, after, reason, prev, hash FROM audit
WHERE object = $1 ORDER BY number DESC LIMIT $2
