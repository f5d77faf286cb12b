SELECT bundle.site, bundle.generation, bundle.published FROM bundle
JOIN (SELECT site, max(generation) AS newest FROM bundle GROUP BY site) AS last
ON last.site = bundle.site AND last.newest = bundle.generation ORDER BY bundle.site
