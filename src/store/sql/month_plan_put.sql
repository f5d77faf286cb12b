INSERT INTO month_plan (site, month, document, until) VALUES ($1, $2, $3, $4)
ON CONFLICT (site, month) DO UPDATE SET document = excluded.document, until = excluded.until
WHERE excluded.until >= month_plan.until
