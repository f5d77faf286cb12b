SELECT id, document, changed FROM filter_list ORDER BY id
