SELECT substr(device, 4, 7) AS epoch, CAST(sum(CASE WHEN address IS NULL THEN 1 ELSE 0 END) AS BIGINT) AS untold,
    CAST(sum(CASE WHEN nat IS NULL THEN 1 ELSE 0 END) AS BIGINT) AS portless
FROM visit WHERE site = $1 AND started >= $2 AND started < $3 AND (started >= $4 OR coalesce(ended, told) >= $4)
GROUP BY substr(device, 4, 7) ORDER BY 1
