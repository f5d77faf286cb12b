SELECT id, name, hash, scope, made, made_by, ended, ended_by FROM wall_screen ORDER BY made DESC, id
