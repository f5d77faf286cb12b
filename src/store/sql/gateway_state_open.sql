SELECT site, gateway, since, state, until FROM gateway_state WHERE site = $1 AND gateway = $2 AND until IS NULL
