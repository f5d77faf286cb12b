SELECT coalesce(min(epoch), '') AS site FROM epoch_key
