"""Questions over an archive: what was reset most, how that changed, what is new, and whatever SQL can ask.

DuckDB reads the Parquet that `whyrst fleet analyze` wrote; each question is one file here, `views` what all share.
"""
