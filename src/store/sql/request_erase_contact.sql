UPDATE request SET contact = NULL WHERE contact IS NOT NULL AND settled < $1
