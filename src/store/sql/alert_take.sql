UPDATE alert SET taken_by = $2, taken = $3, words = $4 WHERE id = $1 AND taken IS NULL AND ended IS NULL AND raised IS NOT NULL
