WITH told (site, gateway, boot, seq) AS (VALUES ($1, $2, $3, $4))
SELECT told.site, told.gateway, told.boot, CAST(told.seq AS BIGINT) AS seq, have.sha256 AS sha256, upto.next AS next,
    CAST(CASE WHEN after.seq IS NULL THEN 0 ELSE 1 END AS BIGINT) AS followed
FROM told
LEFT JOIN usage_batch AS have ON have.site = told.site AND have.gateway = told.gateway AND have.boot = told.boot
    AND have.seq = CAST(told.seq AS BIGINT)
LEFT JOIN usage_batch AS after ON after.site = told.site AND after.gateway = told.gateway AND after.boot = told.boot
    AND after.seq = CAST(told.seq AS BIGINT) + 1
LEFT JOIN usage_next AS upto ON upto.site = told.site AND upto.gateway = told.gateway AND upto.boot = told.boot
