SELECT id, kind, site, object, detail, since, raised, better, ended, told, told_end, taken_by, taken, words FROM alert WHERE id = $1
