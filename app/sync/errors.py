class SyncTrouble(Exception):
    """A source can't be synchronised as it is; the message says what to do."""
