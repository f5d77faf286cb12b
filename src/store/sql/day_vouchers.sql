SELECT count(*) AS number FROM voucher WHERE site = $1 AND made >= $2 AND made < $3
