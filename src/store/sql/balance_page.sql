SELECT holder, document FROM balance WHERE site = $1 AND holder > $2 ORDER BY holder LIMIT $3
