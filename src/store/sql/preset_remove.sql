DELETE FROM voucher_preset WHERE id = $1
