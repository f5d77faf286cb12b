UPDATE desk_order SET outcome = ?2, told = 0 WHERE id = ?1
