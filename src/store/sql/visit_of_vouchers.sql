SELECT holder, device, started, ended FROM visit
WHERE site = $1 AND started >= $2 AND way = 'voucher' AND holder IS NOT NULL ORDER BY started
