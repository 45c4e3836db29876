"""A read-only server of the Model Context Protocol over standard input and output."""
