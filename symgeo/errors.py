"""What symgeo raises. One line each: what was expected, what came, the cure.

The command line prints the line and exits with status 2; nothing here is ever a silent NaN instead.
"""

from __future__ import annotations


class SymgeoError(Exception):
    """Anything a user can mend; the message is one line."""


class InputError(SymgeoError, ValueError):
    """An argument that cannot be meant: raised at the door, before any computing."""


class DataError(SymgeoError, OSError):
    """A data file that is missing, truncated or not what its name says."""


class NumericalError(SymgeoError, ArithmeticError):
    """A computation that has no value at some point; the message names the first such point."""


class CheckFailed(SymgeoError, AssertionError):
    """An equation that does not hold; the message shows both sides' values."""
