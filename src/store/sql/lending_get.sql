SELECT id, of_group, document FROM lending WHERE id = $1
