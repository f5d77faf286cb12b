SELECT count(*) AS number FROM unread_record WHERE received >= $1 AND received < $2 AND ($3 = '' OR site = $3)
