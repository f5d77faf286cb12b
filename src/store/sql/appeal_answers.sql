SELECT site, reference, gateway, subject, why, contact, sop, sop_revision, clause, explanation, made, received, verdict, words,
    decided_by, decided, until
FROM appeal WHERE site = $1 AND decided > $2 ORDER BY decided, reference
