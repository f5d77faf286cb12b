UPDATE desk_order SET state = 'failed', outcome = $1 WHERE state = 'queued' AND expires < $2
