UPDATE alert_message SET due = $3 WHERE id = $1 AND sent IS NULL AND due <= $2
