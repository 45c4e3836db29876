"""whyrst tells why a TCP connection was reset."""
