"""Resets made on purpose, to check what whyrst says about them."""
