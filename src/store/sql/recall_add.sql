INSERT INTO recall (site, tag) VALUES ($1, $2) ON CONFLICT (site, tag) DO NOTHING
