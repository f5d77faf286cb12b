SELECT site, reference, gateway, subject, why, contact, sop, sop_revision, clause, explanation, made, received, verdict, words,
    decided_by, decided, until
FROM appeal WHERE ($1 = '' OR site = $1) AND ($2 = 0 OR decided IS NULL) ORDER BY received, site, reference
