DELETE FROM alert_message WHERE sent < $1
