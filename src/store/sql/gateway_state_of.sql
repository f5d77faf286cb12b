SELECT site, gateway, since, state, until FROM gateway_state
WHERE gateway = $1 AND COALESCE(until, $2) >= $2 ORDER BY since DESC LIMIT $3
