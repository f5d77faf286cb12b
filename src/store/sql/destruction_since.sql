SELECT id, kind, span_from, span_until, days, records, epoch_keys, staff, began, finished, line FROM destruction WHERE kind = $1 AND span_until > $2 ORDER BY span_from
