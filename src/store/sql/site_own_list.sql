SELECT id, document, own FROM site ORDER BY id
