INSERT INTO audit_anchor (number, hash, at, document) VALUES ($1, $2, $3, $4)
ON CONFLICT (number) DO NOTHING
