SELECT f.site, f.month, f.issue, f.document, f.made, f.reason FROM month_figure f
WHERE f.month = $1 AND NOT EXISTS (SELECT 1 FROM month_figure g WHERE g.month = f.month AND g.site = f.site AND g.issue > f.issue)
ORDER BY f.site
