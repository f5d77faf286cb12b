INSERT INTO visit_sort (visit, sort) VALUES (?1, ?2) ON CONFLICT (visit) DO UPDATE SET sort = excluded.sort
