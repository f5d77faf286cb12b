INSERT INTO terms (visit, at, version, hash) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (visit) DO NOTHING
