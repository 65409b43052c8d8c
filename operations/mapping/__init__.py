"""A shop's own export in place of the contract's files, as mapping.yml says."""
