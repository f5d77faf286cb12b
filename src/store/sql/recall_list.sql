SELECT voucher.tag FROM recall JOIN voucher ON voucher.site = recall.site AND voucher.tag = recall.tag
WHERE recall.site = $1 AND COALESCE(voucher.use_before, $2) >= $2 AND COALESCE(voucher.revoked, $2) >= $2
ORDER BY voucher.tag LIMIT $3
