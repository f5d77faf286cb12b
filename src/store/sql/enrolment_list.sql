SELECT code_hash, site, replaces, made, expires, state, csr_key, csr_pem, hostname, hardware, version, gateway, certificate_pem, reason
FROM enrolment ORDER BY made, code_hash
