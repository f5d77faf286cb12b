INSERT INTO enrolment (code_hash, site, replaces, made, expires, state, csr_key, csr_pem, hostname, hardware, version, gateway, certificate_pem, reason)
VALUES ($1, $2, $3, $4, $5, 'open', NULL, NULL, '', '', '', NULL, NULL, '')
