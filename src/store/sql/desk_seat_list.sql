SELECT site, seat, broken, ticket, until FROM desk_seat WHERE site = $1 ORDER BY seat
