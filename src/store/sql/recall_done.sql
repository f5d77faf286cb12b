DELETE FROM recall WHERE site = $1 AND tag = $2
