DELETE FROM staff_session WHERE person = $1 AND hash <> $2
