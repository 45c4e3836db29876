"""`python -m whyrst.cli`."""

from whyrst.cli import main

main()
