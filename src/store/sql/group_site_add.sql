INSERT INTO voucher_group_site (of_group, site) VALUES ($1, $2) ON CONFLICT (of_group, site) DO NOTHING
