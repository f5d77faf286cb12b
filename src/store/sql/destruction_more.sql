UPDATE destruction SET records = records + $2, finished = $3, line = $4 WHERE id = $1
