SELECT count(*) AS number FROM request q
WHERE q.settled IS NULL AND ($1 = '*' OR replace($1, '|' || q.site || '|', '') <> $1
        OR (q.agency <> '' AND replace($2, '|' || q.agency || '|', '') <> $2))
    AND ($3 = 0 OR q.due < $3)
    AND ($4 = '' OR q.holder = $4)
    AND ($5 = 0 OR q.received >= $5)
    AND ($6 = 0 OR q.received < $6)
    AND ($7 = '' OR q.reference LIKE $7 ESCAPE '!' OR q.visit LIKE $7 ESCAPE '!' OR upper(q.about) LIKE $7 ESCAPE '!'
        OR upper(q.words) LIKE $7 ESCAPE '!'
        OR (q.origin = 'appeal' AND EXISTS (SELECT 1 FROM appeal p WHERE p.site = q.site AND p.reference = q.reference
            AND (upper(p.subject) LIKE $7 ESCAPE '!' OR upper(p.why) LIKE $7 ESCAPE '!'))))
