INSERT INTO tally (site, id, gateway, name, started, ended, amount) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (site, id) DO NOTHING
