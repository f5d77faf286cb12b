UPDATE site SET own = $2 WHERE id = $1
