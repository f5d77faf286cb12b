UPDATE request_step SET words = '' WHERE words <> '' AND at < $1 AND EXISTS (SELECT 1 FROM request r
    WHERE r.site = request_step.site AND r.reference = request_step.reference AND (r.settled < $1 OR r.received < $2))
