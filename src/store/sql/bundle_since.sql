SELECT site, max(generation) AS generation FROM bundle WHERE publication > $1 GROUP BY site
