DELETE FROM person_grant WHERE person = $1 AND role = $2 AND scope = $3
