"""Archives of many captures: found, kept, judged, and asked. `steps` are plain functions, `plan` runs them."""
