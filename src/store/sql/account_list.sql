SELECT name, verifier, plan, site, devices, note, made, closed FROM account ORDER BY name
