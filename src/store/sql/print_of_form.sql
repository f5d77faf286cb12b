SELECT batch FROM voucher_batch WHERE site = $1 AND form = $2
