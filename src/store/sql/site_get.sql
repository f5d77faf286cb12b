SELECT id, document, voucher_key FROM site WHERE id = $1
