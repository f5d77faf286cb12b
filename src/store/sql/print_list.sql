SELECT b.batch, b.preset, b.maker, b.made, b.amount, MIN(v.plan) AS plan, MIN(v.note) AS note, MIN(v.use_time) AS use_time,
    MIN(v.use_before) AS use_before, MIN(v.devices) AS devices,
    CAST(SUM(CASE WHEN v.revoked IS NOT NULL THEN 1 ELSE 0 END) AS BIGINT) AS withdrawn,
    CAST(SUM(CASE WHEN v.revoked IS NULL AND v.used_up IS NOT NULL THEN 1 ELSE 0 END) AS BIGINT) AS used_up,
    CAST(SUM(CASE WHEN v.revoked IS NULL AND v.used_up IS NULL AND v.first_used IS NOT NULL THEN 1 ELSE 0 END) AS BIGINT) AS used,
    CAST(SUM(CASE WHEN v.sealed IS NOT NULL THEN 1 ELSE 0 END) AS BIGINT) AS kept
FROM (SELECT batch, preset, maker, made, amount FROM voucher_batch
    WHERE site = $1 AND ($2 = '' OR batch = $2) AND amount >= $3 ORDER BY made DESC, batch LIMIT $4 OFFSET $5) b
CROSS JOIN voucher v WHERE v.site = $1 AND v.batch = b.batch
GROUP BY b.batch, b.preset, b.maker, b.made, b.amount ORDER BY b.made DESC, b.batch
