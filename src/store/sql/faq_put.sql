INSERT INTO faq (site, document, changed) VALUES ($1, $2, $3)
ON CONFLICT (site) DO UPDATE SET document = $2, changed = $3
