UPDATE enrolment SET state = 'refused', reason = $2 WHERE code_hash = $1 AND state IN ('open', 'pending')
