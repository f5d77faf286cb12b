UPDATE alert_message SET sent = $2, trouble = $3 WHERE id = $1
