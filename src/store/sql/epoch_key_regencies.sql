SELECT regency AS site FROM epoch_key WHERE epoch = $1 ORDER BY regency
