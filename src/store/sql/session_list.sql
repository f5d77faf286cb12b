SELECT hash, person, stage, made, seen, proved, address, agent, pending FROM staff_session
WHERE person = $1 ORDER BY seen DESC, hash
