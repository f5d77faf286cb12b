INSERT INTO backup (made, file, octets, staff) VALUES ($1, $2, $3, $4)
ON CONFLICT (made) DO UPDATE SET file = excluded.file, octets = excluded.octets, staff = excluded.staff
