SELECT tag, sealed FROM voucher WHERE site = $1 AND batch = $2 AND sealed IS NOT NULL
