DELETE FROM calendar WHERE name = $1
