SELECT outcome FROM desk_order WHERE id = ?1
