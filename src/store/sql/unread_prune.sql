DELETE FROM unread_record WHERE received < $1
