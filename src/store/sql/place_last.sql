SELECT site, since, place, staff, reason FROM site_place WHERE site = $1 ORDER BY since DESC LIMIT 1
