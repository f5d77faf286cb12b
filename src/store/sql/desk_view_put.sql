INSERT INTO desk_view (site, document, told) VALUES ($1, $2, $3)
ON CONFLICT (site) DO UPDATE SET document = excluded.document, told = excluded.told
