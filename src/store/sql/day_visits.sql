SELECT device, way, holder, started, ended, told, bytes_up, bytes_down, seconds FROM visit
WHERE site = $1 AND started >= $2 AND started < $3 ORDER BY started, visit LIMIT $4
