"""Batches of TCP segments as columns, and the account of every packet that was read."""
