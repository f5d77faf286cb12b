UPDATE wall_screen SET ended = $2, ended_by = $3 WHERE id = $1 AND ended IS NULL
