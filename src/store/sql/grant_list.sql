SELECT person, role, scope, given, given_by FROM person_grant
WHERE person = $1 OR CAST($1 AS TEXT) = '' ORDER BY person, role, scope
