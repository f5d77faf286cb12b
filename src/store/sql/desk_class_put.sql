INSERT INTO desk_class (site, id, title, document, who, made, until, closed, attendance)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (site, id) DO UPDATE SET document = excluded.document, until = excluded.until, closed = excluded.closed,
    attendance = excluded.attendance
