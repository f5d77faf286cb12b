INSERT INTO request_export (receiver, event, told, trouble, stopped) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (receiver) DO UPDATE SET event = $2, told = $3, trouble = $4, stopped = $5
