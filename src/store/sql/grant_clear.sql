DELETE FROM person_grant WHERE person = $1
