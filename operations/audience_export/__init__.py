"""What channels need to send, and the files that their tools take."""
