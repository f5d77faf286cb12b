UPDATE enrolment SET state = 'approved', gateway = $2, certificate_pem = $3 WHERE code_hash = $1 AND state = 'pending'
