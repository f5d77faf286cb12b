INSERT INTO bundle (site, generation, published, content_hash, signed) VALUES ($1, $2, $3, $4, $5)
