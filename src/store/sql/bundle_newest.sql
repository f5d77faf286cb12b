WITH told (site) AS (VALUES ($1))
SELECT bundle.site, bundle.generation, bundle.content_hash FROM told CROSS JOIN bundle
WHERE bundle.site = told.site
    AND bundle.generation = (SELECT max(newest.generation) FROM bundle AS newest WHERE newest.site = told.site)
