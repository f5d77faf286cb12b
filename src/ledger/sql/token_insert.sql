INSERT INTO voucher_token (token, at) VALUES (?1, ?2) ON CONFLICT (token) DO NOTHING
