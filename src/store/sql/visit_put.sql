INSERT OR FAIL INTO visit (site, visit, gateway, revision, device, device_local, holder, way, terms, terms_sha256, plan, generation,
    started, clock, told, bytes_up, bytes_down, seconds, ended, cause, address, nat)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
ON CONFLICT (site, visit) DO UPDATE SET gateway = excluded.gateway, revision = excluded.revision, device = excluded.device,
    device_local = excluded.device_local, holder = excluded.holder, plan = excluded.plan, told = excluded.told,
    bytes_up = excluded.bytes_up, bytes_down = excluded.bytes_down, seconds = excluded.seconds,
    ended = excluded.ended, cause = excluded.cause, address = coalesce(visit.address, excluded.address),
    readdressed = CASE WHEN excluded.address <> visit.address AND substr(excluded.address, 1, 10) = substr(visit.address, 1, 10)
        THEN 1 ELSE visit.readdressed END,
    nat = coalesce(excluded.nat, visit.nat)
WHERE excluded.revision > visit.revision
