INSERT INTO wall_screen (id, name, hash, scope, made, made_by) VALUES ($1, $2, $3, $4, $5, $6)
