DELETE FROM visit_nat WHERE visit = ?1
