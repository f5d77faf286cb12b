SELECT id, channel, document, made, attempts, due, sent, trouble FROM alert_message ORDER BY made DESC, id LIMIT $1
