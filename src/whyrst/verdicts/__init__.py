"""Weighs the evidence of all causes, ranks them, and says how sure the answer is."""
