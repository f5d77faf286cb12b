SELECT id, channel, document, made, attempts, due, sent, trouble FROM alert_message WHERE sent IS NULL AND due <= $1 ORDER BY made, id LIMIT $2
