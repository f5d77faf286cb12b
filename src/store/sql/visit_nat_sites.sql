SELECT id AS site, (SELECT min(started) FROM visit WHERE visit.site = site.id AND nat IS NOT NULL) AS first,
    (SELECT max(started) FROM visit WHERE visit.site = site.id AND nat IS NOT NULL) AS last
FROM site ORDER BY id
