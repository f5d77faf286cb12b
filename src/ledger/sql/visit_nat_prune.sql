DELETE FROM visit_nat WHERE ended < ?1
