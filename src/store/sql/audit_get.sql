SELECT number, at, actor, action, object, before, after, reason, prev, hash FROM audit WHERE number = $1
