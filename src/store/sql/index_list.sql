SELECT version, root, octets, document, built FROM filter_index ORDER BY version DESC
