INSERT INTO desk_order (id, document, kept) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO NOTHING
