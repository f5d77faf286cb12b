UPDATE gateway_state SET until = $3 WHERE site = $1 AND gateway = $2 AND until IS NULL
