UPDATE destruction SET epoch_keys = CASE WHEN epoch_keys = '' THEN $2 ELSE epoch_keys || ', ' || $2 END, scrubbed = NULL WHERE id = $1
