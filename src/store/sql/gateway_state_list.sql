SELECT site, gateway, since, state, until FROM gateway_state
WHERE COALESCE(until, $1) >= $1 ORDER BY since DESC, gateway LIMIT $2
