UPDATE alert_message SET attempts = attempts + 1, due = $2, trouble = $3 WHERE id = $1
