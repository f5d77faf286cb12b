INSERT INTO bundle (site, generation, published, content_hash, signed, publication) VALUES ($1, $2, $3, $4, $5, $6)
