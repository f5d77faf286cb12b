DELETE FROM trial_report WHERE received < $1
