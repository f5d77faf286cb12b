INSERT INTO outage (site, id, gateway, kind, started, ended) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (site, id) DO UPDATE SET ended = excluded.ended WHERE outage.ended IS NULL
