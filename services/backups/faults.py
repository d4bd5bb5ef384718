"""What may be wrong with a backup, in words for operators."""


class BackupFault(Exception):
    """A backup can't be made, or isn't whole, or mustn't be restored here; the message says what to do."""
