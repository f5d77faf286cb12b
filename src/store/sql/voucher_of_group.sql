SELECT voucher.site, tag, plan, batch, note, use_time, use_before, devices, made, revoked, lending, share
FROM voucher JOIN lending ON lending.id = voucher.lending WHERE lending.of_group = $1 ORDER BY made, voucher.site, tag
