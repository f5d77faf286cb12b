DELETE FROM voucher_group WHERE name = $1
