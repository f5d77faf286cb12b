SELECT id, case_number, basis, authority, reason, kind, place, span_from, span_until, state, question, answer, found, asked_by, asked,
    decided_by, decided, words, until, closed_by, closed FROM lookup WHERE state IN ('asked', 'open') ORDER BY id
