SELECT epoch, secret FROM epoch_key WHERE regency = $1 AND epoch >= $2 ORDER BY epoch
