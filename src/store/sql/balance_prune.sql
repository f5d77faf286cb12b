DELETE FROM balance WHERE told < $1
