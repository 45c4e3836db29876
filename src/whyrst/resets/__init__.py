"""What was true when a reset was seen: facts as columns over all resets of a batch."""
