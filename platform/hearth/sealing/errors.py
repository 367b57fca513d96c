"""Why something sealed cannot be opened or written."""


class SealingError(RuntimeError):
    """Something sealed cannot be opened or written; the message never tells what it holds."""


class BrokenSealError(SealingError):
    """What is stored was not sealed for this place, or was changed since."""


class MissingKeyError(SealingError):
    """There is no record of this key or this organisation in the database of keys."""


class ErasedError(SealingError):
    """The key was destroyed: nothing can be written about this subject any more."""


class KeysLockedError(SealingError):
    """The organisation holds its key itself and has not unlocked it."""


class KeyServiceAwayError(KeysLockedError):
    """The service that holds the organisation's key does not answer, or refuses."""


class NotHeldError(SealingError):
    """The organisation does not hold its key itself, so it can neither unlock nor lock it."""


class WrongPassphraseError(SealingError):
    """The passphrase is another one."""
