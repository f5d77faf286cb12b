SELECT site, tag, plan, batch, note, use_time, use_before, devices, made, revoked, lending, share, number, token, first_used,
    used_up, told, CASE WHEN sealed IS NULL THEN CAST(0 AS BIGINT) ELSE CAST(1 AS BIGINT) END AS kept
FROM voucher WHERE site = $1 AND batch = $2 ORDER BY number, tag
