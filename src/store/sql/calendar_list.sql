SELECT name, document, changed FROM calendar ORDER BY name
