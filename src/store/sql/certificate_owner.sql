SELECT gateway.id AS gateway, gateway.site, gateway.revoked, certificate.not_before, certificate.not_after
FROM certificate JOIN gateway ON gateway.id = certificate.gateway WHERE certificate.fingerprint = $1
