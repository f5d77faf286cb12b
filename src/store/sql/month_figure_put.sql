INSERT INTO month_figure (site, month, issue, document, made, reason)
SELECT $1, $2, CAST($3 AS BIGINT), $4, CAST($5 AS BIGINT), $6
WHERE CAST($3 AS BIGINT) > 0 OR NOT EXISTS (SELECT 1 FROM month_figure g WHERE g.site = $1 AND g.month = $2 AND g.issue > 0)
ON CONFLICT (site, month, issue) DO UPDATE SET document = excluded.document, made = excluded.made
WHERE month_figure.issue = 0
