WITH told (site) AS (VALUES ($1))
SELECT stood.site, stood.since, stood.place, stood.staff, stood.reason FROM told CROSS JOIN site_place AS stood
WHERE stood.site = told.site
    AND stood.since = (SELECT max(newest.since) FROM site_place AS newest WHERE newest.site = told.site)
