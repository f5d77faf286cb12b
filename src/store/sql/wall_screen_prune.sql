DELETE FROM wall_screen WHERE ended < $1
