INSERT INTO calendar (name, document, changed) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET document = excluded.document, changed = excluded.changed
