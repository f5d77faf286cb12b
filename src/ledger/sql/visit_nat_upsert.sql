INSERT INTO visit_nat (visit, document, ended) VALUES (?1, ?2, ?3) ON CONFLICT (visit) DO UPDATE SET document = excluded.document, ended = excluded.ended
