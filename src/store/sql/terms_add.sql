INSERT INTO terms (version, document, made) VALUES ($1, $2, $3) ON CONFLICT (version) DO NOTHING
