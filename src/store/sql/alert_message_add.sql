INSERT INTO alert_message (id, channel, document, made, attempts, due, sent, trouble) VALUES ($1, $2, $3, $4, 0, $4, NULL, '')
