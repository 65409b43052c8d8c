"""The site: what is published, who answers for it, and where each column comes from."""
