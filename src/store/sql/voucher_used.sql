UPDATE voucher SET told = $3, first_used = COALESCE($4, first_used), used_up = $5,
    sealed = CASE WHEN CAST($5 AS BIGINT) IS NULL THEN sealed ELSE NULL END
WHERE site = $1 AND tag = $2 AND (told IS NULL OR told <= $3)
