SELECT id, document, voucher_key FROM site ORDER BY id
