SELECT number, hash, at, document FROM audit_anchor ORDER BY number DESC LIMIT 1
