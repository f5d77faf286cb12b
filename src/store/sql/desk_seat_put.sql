INSERT INTO desk_seat (site, seat, broken, ticket, until) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (site, seat) DO UPDATE SET broken = excluded.broken, ticket = excluded.ticket, until = excluded.until
