WITH told (site, gateway) AS (VALUES ($1, $2))
SELECT state.site, state.gateway, state.since, state.state, state.until FROM told CROSS JOIN gateway_state AS state
WHERE state.site = told.site AND state.gateway = told.gateway AND state.until IS NULL
