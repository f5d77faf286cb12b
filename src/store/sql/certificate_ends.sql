SELECT gateway, max(not_after) AS ends FROM certificate GROUP BY gateway ORDER BY gateway
