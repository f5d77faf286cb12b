INSERT INTO desk_ticket (site, day, number, state, made, called, seat, calls, caller)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (site, day, number) DO UPDATE SET state = excluded.state, called = excluded.called, seat = excluded.seat,
    calls = excluded.calls, caller = excluded.caller
