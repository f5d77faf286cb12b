DELETE FROM epoch_key WHERE epoch = $1
