DELETE FROM usage_batch WHERE received < $1 AND (
    seq < coalesce((SELECT upto.next FROM usage_next AS upto
        WHERE upto.site = usage_batch.site AND upto.gateway = usage_batch.gateway AND upto.boot = usage_batch.boot), 0)
    OR $1 > (SELECT later.received FROM usage_batch AS later
        WHERE later.site = usage_batch.site AND later.gateway = usage_batch.gateway AND later.boot = usage_batch.boot
        ORDER BY later.seq DESC LIMIT 1))
