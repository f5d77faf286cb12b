SELECT f.month, CAST(count(*) AS BIGINT) AS sites, CAST(min(f.issue) AS BIGINT) AS least, CAST(max(f.made) AS BIGINT) AS made
FROM month_figure f
WHERE NOT EXISTS (SELECT 1 FROM month_figure g WHERE g.month = f.month AND g.site = f.site AND g.issue > f.issue)
GROUP BY f.month ORDER BY f.month DESC LIMIT $1
