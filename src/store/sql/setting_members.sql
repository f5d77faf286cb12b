SELECT site, of_group FROM setting_member ORDER BY site
