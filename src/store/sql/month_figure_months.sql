SELECT month, CAST(count(DISTINCT site) AS BIGINT) AS sites, CAST(min(issue) AS BIGINT) AS least, CAST(max(made) AS BIGINT) AS made
FROM month_figure GROUP BY month ORDER BY month DESC LIMIT $1
