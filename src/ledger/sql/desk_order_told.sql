UPDATE desk_order SET told = 1 WHERE id = ?1 AND outcome = ?2
