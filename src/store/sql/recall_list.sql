SELECT voucher.tag FROM recall JOIN voucher ON voucher.site = recall.site AND voucher.tag = recall.tag
WHERE recall.site = $1 ORDER BY voucher.tag LIMIT $2
