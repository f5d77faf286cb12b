INSERT INTO site_place (site, since, place, staff, reason) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (site, since) DO UPDATE SET place = excluded.place, staff = excluded.staff, reason = excluded.reason
