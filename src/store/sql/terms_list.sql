SELECT version, document, made FROM terms ORDER BY made DESC, version
