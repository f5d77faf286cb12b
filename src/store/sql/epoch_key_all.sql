SELECT regency, epoch, secret FROM epoch_key ORDER BY regency, epoch
