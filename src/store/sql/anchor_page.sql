SELECT number, hash, at, document FROM audit_anchor WHERE number > $1 ORDER BY number LIMIT $2
