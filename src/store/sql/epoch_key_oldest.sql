SELECT coalesce(min(epoch), '') AS site FROM epoch_key WHERE epoch >= '2020-01'
