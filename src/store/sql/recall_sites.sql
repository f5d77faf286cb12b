WITH told (site) AS (VALUES ($1))
SELECT told.site FROM told WHERE EXISTS (SELECT 1 FROM recall WHERE recall.site = told.site)
