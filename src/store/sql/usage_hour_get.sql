SELECT visits, bytes_up, bytes_down, seconds FROM usage_hour WHERE site = $1 AND hour = $2
