SELECT site, since, place, staff, reason FROM site_place p
WHERE since = (SELECT max(since) FROM site_place l WHERE l.site = p.site) ORDER BY site
