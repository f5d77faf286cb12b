INSERT INTO redemption (voucher, at) VALUES (?1, ?2) ON CONFLICT (voucher) DO NOTHING
