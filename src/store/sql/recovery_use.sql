DELETE FROM recovery_code WHERE person = $1 AND hash = $2
