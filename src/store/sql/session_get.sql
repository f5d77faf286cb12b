SELECT hash, person, stage, made, seen, proved, address, agent, pending FROM staff_session WHERE hash = $1
