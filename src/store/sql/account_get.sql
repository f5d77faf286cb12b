SELECT name, verifier, plan, site, devices, note, made, closed FROM account WHERE name = $1
