SELECT s.site, s.gateway, s.since, s.state, CASE WHEN g.revoked IS NULL THEN s.until
    WHEN s.until IS NULL OR s.until > g.revoked THEN g.revoked ELSE s.until END AS until
FROM gateway_state s LEFT JOIN gateway g ON g.id = s.gateway
WHERE s.site = $1 AND s.since < $3 AND (s.until IS NULL OR s.until > $2)
ORDER BY s.gateway, s.since
