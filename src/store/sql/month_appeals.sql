SELECT CAST(coalesce(sum(CASE WHEN received >= $2 AND received < $3 THEN 1 ELSE 0 END), 0) AS BIGINT) AS received,
    CAST(coalesce(sum(CASE WHEN decided >= $2 AND decided < $3 THEN 1 ELSE 0 END), 0) AS BIGINT) AS decided,
    CAST(coalesce(sum(CASE WHEN decided >= $2 AND decided < $3 AND verdict = 'accepted' THEN 1 ELSE 0 END), 0) AS BIGINT) AS reversed,
    CAST(coalesce(sum(CASE WHEN received < $3 AND (decided IS NULL OR decided >= $3) THEN 1 ELSE 0 END), 0) AS BIGINT) AS waiting
FROM appeal WHERE site = $1 AND received < $3 AND (decided IS NULL OR decided >= $2)
