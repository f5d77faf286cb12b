SELECT revision, started, bytes_up, bytes_down, seconds FROM visit WHERE site = $1 AND visit = $2
