SELECT site, count(*) AS waiting FROM request WHERE settled IS NULL GROUP BY site ORDER BY site
