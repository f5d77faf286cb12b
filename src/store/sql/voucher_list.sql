SELECT site, tag, plan, batch, note, use_time, use_before, devices, made, revoked, lending, share
FROM voucher WHERE site = $1 ORDER BY made, tag
