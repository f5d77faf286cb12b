INSERT INTO gateway_report (site, gateway, heard, heartbeat, detail, applied) VALUES ($1, $2, $3, $4, '', 0)
ON CONFLICT (site, gateway) DO UPDATE SET heard = excluded.heard, heartbeat = excluded.heartbeat
