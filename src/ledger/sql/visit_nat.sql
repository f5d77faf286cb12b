SELECT visit, document, ended FROM visit_nat ORDER BY visit
