SELECT at FROM voucher_token WHERE token = ?1
