INSERT INTO balance (site, holder, document, told) VALUES ($1, $2, $3, $4)
ON CONFLICT (site, holder) DO UPDATE SET document = excluded.document, told = excluded.told WHERE excluded.told >= balance.told
