SELECT site, hour, CAST(sum(total) AS BIGINT) AS total FROM filter_count
WHERE sop = $1 AND hour >= $2 GROUP BY site, hour ORDER BY site, hour
