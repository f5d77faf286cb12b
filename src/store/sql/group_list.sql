SELECT name, note, made FROM voucher_group ORDER BY name
