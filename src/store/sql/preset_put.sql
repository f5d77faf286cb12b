INSERT INTO voucher_preset (id, document, changed) VALUES ($1, $2, $3)
ON CONFLICT (id) DO UPDATE SET document = excluded.document, changed = excluded.changed
