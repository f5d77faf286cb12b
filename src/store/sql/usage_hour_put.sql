INSERT INTO usage_hour (site, hour, visits, bytes_up, bytes_down, seconds) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (site, hour) DO UPDATE SET visits = excluded.visits, bytes_up = excluded.bytes_up,
    bytes_down = excluded.bytes_down, seconds = excluded.seconds
