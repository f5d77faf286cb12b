SELECT verifier, plan, expires FROM verifier WHERE account = ?1
