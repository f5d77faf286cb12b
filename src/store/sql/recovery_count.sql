SELECT COUNT(*) AS number FROM recovery_code WHERE person = $1
