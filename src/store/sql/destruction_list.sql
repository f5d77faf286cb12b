SELECT id, kind, span_from, span_until, days, records, epoch_keys, staff, began, finished, line FROM destruction WHERE id < $1 ORDER BY id DESC LIMIT $2
