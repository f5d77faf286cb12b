SELECT coalesce(max(id), 0) AS number FROM destruction WHERE epoch_keys <> '' AND scrubbed IS NULL
