"""``python -m streams``: the command line."""

from streams.cli import main

main()
