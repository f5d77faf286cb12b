SELECT coalesce(min(have.seq), 0) + 1 AS number FROM usage_batch AS have
WHERE have.site = $1 AND have.gateway = $2 AND have.boot = $3
  AND EXISTS (SELECT 1 FROM usage_batch WHERE site = $1 AND gateway = $2 AND boot = $3 AND seq = 1)
  AND NOT EXISTS (
    SELECT 1 FROM usage_batch AS after
    WHERE after.site = have.site AND after.gateway = have.gateway AND after.boot = have.boot AND after.seq = have.seq + 1)
