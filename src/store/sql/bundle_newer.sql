SELECT site, generation, published, content_hash, signed FROM bundle
WHERE site = $1 AND generation > $2 ORDER BY generation DESC LIMIT 1
