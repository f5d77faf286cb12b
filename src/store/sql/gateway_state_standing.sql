SELECT site, gateway, since, state, until FROM gateway_state WHERE until IS NULL ORDER BY site, gateway
