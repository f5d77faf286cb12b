SELECT id, document FROM voucher_preset ORDER BY id
