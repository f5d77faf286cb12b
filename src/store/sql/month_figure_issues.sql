SELECT site, month, issue, '' AS document, made, reason FROM month_figure
WHERE month = $1 AND issue > 1 ORDER BY made, site, issue
