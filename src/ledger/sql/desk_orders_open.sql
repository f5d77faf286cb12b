SELECT id, document FROM desk_order WHERE outcome IS NULL ORDER BY kept, id LIMIT ?1
