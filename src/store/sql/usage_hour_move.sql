INSERT INTO usage_hour (site, hour, visits, bytes_up, bytes_down, seconds) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (hour, site) DO UPDATE SET visits = usage_hour.visits + excluded.visits,
    bytes_up = usage_hour.bytes_up + excluded.bytes_up, bytes_down = usage_hour.bytes_down + excluded.bytes_down,
    seconds = usage_hour.seconds + excluded.seconds
