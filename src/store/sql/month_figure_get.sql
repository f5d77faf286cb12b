SELECT site, month, issue, document, made, reason FROM month_figure WHERE site = $1 AND month = $2 AND issue = $3
