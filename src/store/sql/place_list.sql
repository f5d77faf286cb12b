SELECT site, since, place, staff, reason FROM site_place WHERE ($1 = '' OR site = $1) ORDER BY since DESC, site LIMIT $2
