SELECT of_group, site FROM voucher_group_site ORDER BY of_group, site
