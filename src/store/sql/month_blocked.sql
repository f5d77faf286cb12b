SELECT site, CAST($2 AS BIGINT) AS hour, sop, clause, list, CAST(sum(total) AS BIGINT) AS total
FROM filter_count WHERE site = $1 AND hour >= $2 AND hour < $3
GROUP BY site, sop, clause, list ORDER BY 6 DESC, sop, clause, list
