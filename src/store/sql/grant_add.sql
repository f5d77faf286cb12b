INSERT INTO person_grant (person, role, scope, given, given_by) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (person, role, scope) DO NOTHING
