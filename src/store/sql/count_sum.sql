SELECT site, hour, sop, clause, list, CAST(sum(total) AS BIGINT) AS total
FROM filter_count WHERE hour >= $1 AND hour < $2 AND ($3 = '' OR site = $3)
GROUP BY site, hour, sop, clause, list ORDER BY hour, site, sop, clause, list LIMIT $4
