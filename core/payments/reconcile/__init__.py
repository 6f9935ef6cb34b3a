"""Ours, the provider's and the bank's, matched three ways until no cent is unexplained."""
