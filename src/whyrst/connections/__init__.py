"""Follows TCP connections as RFC 9293 describes them; values in, values out."""
