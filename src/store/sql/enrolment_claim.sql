UPDATE enrolment SET state = 'pending', csr_key = $2, csr_pem = $3, hostname = $4, hardware = $5, version = $6
WHERE code_hash = $1 AND state = 'open'
