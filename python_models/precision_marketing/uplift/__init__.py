"""What a contact changes: learners, trials, campaigns, Qini."""
