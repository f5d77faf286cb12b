DELETE FROM verifier WHERE expires <= ?1
