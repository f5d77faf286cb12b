INSERT INTO voucher_group (name, note, made) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING
