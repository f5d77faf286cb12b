DELETE FROM gateway_state WHERE until < $1
