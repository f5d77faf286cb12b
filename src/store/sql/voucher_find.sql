SELECT site, tag, plan, batch, note, use_time, use_before, devices, made, revoked, lending, share, number, token, first_used,
    used_up, told, CASE WHEN sealed IS NULL THEN CAST(0 AS BIGINT) ELSE CAST(1 AS BIGINT) END AS kept
FROM voucher
WHERE site = $1
    AND ($2 = '' OR lower(note COLLATE "C") LIKE $2 ESCAPE '\' OR lower(batch COLLATE "C") LIKE $2 ESCAPE '\')
    AND ($3 = '' OR $3 = CASE
        WHEN revoked IS NOT NULL THEN 'withdrawn'
        WHEN used_up IS NOT NULL THEN 'used-up'
        WHEN use_before <= $4 THEN 'past'
        WHEN first_used IS NOT NULL THEN 'used'
        ELSE 'unused' END)
ORDER BY made DESC, batch, number LIMIT $5 OFFSET $6
