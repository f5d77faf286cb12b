SELECT result FROM form_done WHERE site = $1 AND form = $2
