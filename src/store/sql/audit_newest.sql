SELECT number, at, actor, action, object, before, after, reason, prev, hash FROM audit
WHERE number < $1 AND +at >= $2 AND +at < $3 AND (actor = $4 OR CAST($4 AS TEXT) = '')
    AND (substr(object, 1, length(CAST($5 AS TEXT))) = $5 OR CAST($5 AS TEXT) = '')
ORDER BY number DESC LIMIT $6
