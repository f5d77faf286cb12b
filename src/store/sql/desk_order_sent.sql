UPDATE desk_order SET sent = $3 WHERE site = $1 AND id = $2 AND sent IS NULL
