UPDATE gateway SET restores = 0 WHERE id = $1
