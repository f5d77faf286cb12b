INSERT INTO filter_count (site, gateway, run, hour, sop, clause, list, total) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (site, gateway, run, hour, sop, clause, list) DO UPDATE SET total = excluded.total
WHERE excluded.total > filter_count.total
