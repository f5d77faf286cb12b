SELECT coalesce((
    SELECT have.seq + 1 FROM usage_batch AS have
    WHERE have.site = $1 AND have.gateway = $2 AND have.boot = $3 AND have.seq >= CAST($4 AS BIGINT)
        AND EXISTS (SELECT 1 FROM usage_batch AS first WHERE first.site = $1 AND first.gateway = $2 AND first.boot = $3
            AND first.seq = CAST($4 AS BIGINT))
        AND NOT EXISTS (SELECT 1 FROM usage_batch AS after WHERE after.site = $1 AND after.gateway = $2 AND after.boot = $3
            AND after.seq = have.seq + 1)
    ORDER BY have.seq LIMIT 1), CAST($4 AS BIGINT)) AS number
