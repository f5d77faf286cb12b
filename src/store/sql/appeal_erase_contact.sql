UPDATE appeal SET contact = NULL WHERE contact IS NOT NULL AND decided < $1
