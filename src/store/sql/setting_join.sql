INSERT INTO setting_member (site, of_group) VALUES ($1, $2)
ON CONFLICT (site) DO UPDATE SET of_group = excluded.of_group
