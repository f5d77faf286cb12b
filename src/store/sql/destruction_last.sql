SELECT id, kind, span_from, span_until, days, records, epoch_keys, staff, began, finished, line FROM destruction
WHERE id IN (SELECT max(id) FROM destruction WHERE finished IS NOT NULL GROUP BY kind) ORDER BY kind
