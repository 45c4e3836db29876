"""`whyrst trace` as a service: verdicts go through a queue on disk to any number of outputs."""
