INSERT INTO month_figure (site, month, issue, document, made, reason) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (site, month, issue) DO UPDATE SET document = excluded.document, made = excluded.made
WHERE month_figure.issue = 0
