"""One file per scenario; each makes resets happen for real and says what they are."""
