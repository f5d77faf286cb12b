INSERT INTO lending (id, of_group, document) VALUES ($1, $2, $3)
