INSERT INTO gateway_state (site, gateway, since, state, until) VALUES ($1, $2, $3, $4, NULL)
ON CONFLICT (site, gateway, since) DO UPDATE SET state = excluded.state, until = NULL
