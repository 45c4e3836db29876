"""Bytes in: capture files of every common format and compression, standard input, capture filters."""
