INSERT INTO verifier (account, verifier, plan, expires) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (account) DO UPDATE SET verifier = excluded.verifier, plan = excluded.plan, expires = excluded.expires
