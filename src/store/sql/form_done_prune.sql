DELETE FROM form_done WHERE made < $1
