SELECT at FROM redemption WHERE voucher = ?1
