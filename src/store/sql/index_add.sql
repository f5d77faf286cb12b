INSERT INTO filter_index (version, root, octets, document, built) VALUES ($1, $2, $3, $4, $5)
