SELECT v.batch, MIN(v.plan) AS plan, MIN(v.note) AS note, MIN(v.made) AS made, MIN(v.use_time) AS use_time, MIN(v.use_before) AS use_before,
    COUNT(DISTINCT v.lending) AS amount,
    COUNT(DISTINCT CASE WHEN v.revoked IS NULL THEN v.lending END) AS good,
    COUNT(DISTINCT CASE WHEN v.first_used IS NOT NULL THEN v.lending END) AS used,
    MIN(CASE WHEN v.sealed IS NOT NULL THEN v.site END) AS kept_at
FROM voucher v JOIN lending l ON l.id = v.lending
WHERE l.of_group = $1 GROUP BY v.batch ORDER BY MIN(v.made) DESC, v.batch LIMIT $2 OFFSET $3
