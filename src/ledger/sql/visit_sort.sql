SELECT visit, sort FROM visit_sort WHERE visit IN (SELECT id FROM visit)
