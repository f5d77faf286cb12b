DELETE FROM voucher_group_site WHERE of_group = $1 AND site = $2
