"""The web app: captures in, verdicts to look at, on this machine only unless told otherwise.

- `settings`   what may be tuned
- `guard`      who may ask for what
- `store`      what is kept: captures, verdicts, incidents (SQLite)
- `worker`     the process that analyzes one capture
- `jobs`       starts workers, reads what they say, stops them
- `drawing`    ladders, drawn by another process
- `uploads`    bytes from outside to files of ours
- `live`       the process that listens to the kernel; `journal` keeps what it tells
- `actions`    what both the API and forms do
- `api`        the REST API: one table of routes, from which `openapi` is made
- `app`        all of it together
"""
