"""Live tracing: kernel events become resets and go through the same causes and verdicts as those of a capture."""
