SELECT site, max(generation) AS generation FROM bundle GROUP BY site ORDER BY site
