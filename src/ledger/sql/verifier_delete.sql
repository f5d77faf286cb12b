DELETE FROM verifier WHERE account = ?1
