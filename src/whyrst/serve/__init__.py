"""The web app: captures in, verdicts to look at, on this machine only unless told otherwise.

- `settings`   what may be tuned
- `store`      what is kept: captures, verdicts, incidents (SQLite)
- `worker`     the process that analyzes one capture
- `jobs`       starts workers, reads what they say, stops them
"""
