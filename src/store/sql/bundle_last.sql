SELECT site, generation, published, content_hash, signed FROM bundle WHERE site = $1 ORDER BY generation DESC LIMIT 1
