SELECT id, outcome FROM desk_order WHERE outcome IS NOT NULL AND told = 0 ORDER BY kept, id LIMIT ?1
