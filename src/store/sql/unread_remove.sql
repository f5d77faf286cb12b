DELETE FROM unread_record WHERE site = $1 AND gateway = $2 AND sha256 = $3
