SELECT holder_kind, holder
FROM balance
WHERE holder_kind <> 'device'
ORDER BY holder_kind, first_used DESC, holder
LIMIT ?1
