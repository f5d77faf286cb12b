SELECT id, kind, span_from, span_until, days, records, epoch_keys, staff, began, finished, line FROM destruction WHERE kind = $1 AND span_from = $2 AND span_until = $3
