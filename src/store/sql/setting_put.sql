INSERT INTO setting_group (level, name, document, changed) VALUES ($1, $2, $3, $4)
ON CONFLICT (level, name) DO UPDATE SET document = excluded.document, changed = excluded.changed
