INSERT INTO recovery_code (person, hash) VALUES ($1, $2)
