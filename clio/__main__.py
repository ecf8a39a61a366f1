"""``python -m clio``: the ``clio`` command."""

from clio.cli import command

if __name__ == "__main__":
    command()
