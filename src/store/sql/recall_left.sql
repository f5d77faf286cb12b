INSERT INTO recall (site, tag)
SELECT site, tag FROM voucher WHERE site = $1 AND lending IN (SELECT id FROM lending WHERE of_group = $2)
ON CONFLICT (site, tag) DO NOTHING
