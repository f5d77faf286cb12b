UPDATE voucher SET sealed = NULL
WHERE sealed IS NOT NULL
    AND (revoked IS NOT NULL OR used_up IS NOT NULL OR use_before <= $1 OR (use_before IS NULL AND made < $2))
