INSERT INTO audit (at, actor, action, detail) VALUES (?1, ?2, ?3, ?4)
