"""What can go wrong with a resolve.

ResolveTrouble   it can't be done as asked; the message says why
"""


class ResolveTrouble(Exception):
    """It can't be done as it is asked for."""
