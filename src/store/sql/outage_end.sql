UPDATE outage SET ended = $3 WHERE site = $1 AND id = $2 AND ended IS NULL
