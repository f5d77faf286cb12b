SELECT CAST(coalesce(sum(CASE WHEN received >= $2 AND received < $3 THEN 1 ELSE 0 END), 0) AS BIGINT) AS received,
    CAST(coalesce(sum(CASE WHEN settled >= $2 AND settled < $3 THEN 1 ELSE 0 END), 0) AS BIGINT) AS settled,
    CAST(coalesce(sum(CASE WHEN received < $3 AND (settled IS NULL OR settled >= $3) THEN 1 ELSE 0 END), 0) AS BIGINT) AS waiting
FROM request WHERE site = $1 AND (settled IS NULL OR changed >= $2)
