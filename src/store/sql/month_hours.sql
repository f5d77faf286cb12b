SELECT hour, visits, bytes_up, bytes_down, seconds FROM usage_hour
WHERE hour >= $2 AND hour < $3 AND site = $1 ORDER BY hour
