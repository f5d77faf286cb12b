INSERT INTO alert (id, kind, site, object, detail, since, raised, better, ended, told, told_end, taken_by, taken, words)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
ON CONFLICT (id) DO UPDATE SET detail = excluded.detail, since = excluded.since, raised = excluded.raised, better = excluded.better,
    ended = excluded.ended, told = excluded.told, told_end = excluded.told_end
