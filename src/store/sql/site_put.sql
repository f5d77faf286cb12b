INSERT INTO site (id, document, voucher_key, changed) VALUES ($1, $2, $3, $4)
ON CONFLICT (id) DO UPDATE SET document = excluded.document, changed = excluded.changed
