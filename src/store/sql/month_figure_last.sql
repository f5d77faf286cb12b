SELECT site, month, issue, document, made, reason FROM month_figure
WHERE site = $1 AND month = $2 ORDER BY issue DESC LIMIT 1
