UPDATE wall_screen SET ended = $1, ended_by = $2 WHERE ended IS NULL
