DELETE FROM visit_sort WHERE visit = ?1
