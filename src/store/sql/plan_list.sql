SELECT id, document FROM plan ORDER BY id
