INSERT INTO destruction (id, kind, span_from, span_until, days, records, epoch_keys, staff, began, finished, line)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
