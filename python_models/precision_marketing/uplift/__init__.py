"""Effect of a contact: learners, trials, campaigns, Qini."""
