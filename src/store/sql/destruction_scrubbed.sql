UPDATE destruction SET scrubbed = $2 WHERE id <= $1 AND epoch_keys <> '' AND scrubbed IS NULL
