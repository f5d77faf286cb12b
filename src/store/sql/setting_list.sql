SELECT level, name, document, changed FROM setting_group ORDER BY level, name
