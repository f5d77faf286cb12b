WITH told (site, since) AS (VALUES ($1, $2))
SELECT v.site, v.tag, v.plan, v.batch, v.note, v.use_time, v.use_before, v.devices, v.made, v.revoked, v.lending, v.share, v.number, v.token,
    v.first_used, v.used_up, v.told,
    CASE WHEN v.sealed IS NULL THEN CAST(0 AS BIGINT) ELSE CAST(1 AS BIGINT) END AS kept
FROM told CROSS JOIN voucher AS v
WHERE v.site = told.site AND (v.use_before IS NULL OR v.use_before >= CAST(told.since AS BIGINT))
    AND (v.revoked IS NULL OR v.revoked >= CAST(told.since AS BIGINT))
ORDER BY v.site, v.made, v.tag
