"""Pictures as SVG: pure functions from values to text, without fonts or anything else from outside."""
