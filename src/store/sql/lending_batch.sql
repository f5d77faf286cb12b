SELECT DISTINCT lending.id, lending.of_group, lending.document FROM lending JOIN voucher ON voucher.lending = lending.id
WHERE lending.of_group = $1 AND voucher.batch = $2 AND voucher.revoked IS NULL ORDER BY lending.id
