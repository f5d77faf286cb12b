DELETE FROM alert WHERE ended < $1
