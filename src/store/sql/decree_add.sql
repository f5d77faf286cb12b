INSERT INTO decree (sha256, pdf, added) VALUES ($1, $2, $3) ON CONFLICT (sha256) DO NOTHING
