"""Exceptions whose messages are shown to users: one line each, with the place and the remedy."""


class ScopesiftError(Exception):
    """Base class of scopesift's errors; the command line exits with code 1."""


class UsageError(ScopesiftError):
    """A wrong request (unknown name, missing file, bad argument); exit code 2."""


class ScopeError(ScopesiftError):
    """A scope that cannot be read or pulled, or whose files are not the expected ones."""


class InputError(ScopesiftError):
    """Data that cannot be read; the message names file and line."""


def first_line(error: Exception, most: int = 200) -> str:
    """The first line of another library's error message, cut to `most` characters; the type's name if it is empty."""
    return (str(error).strip() or type(error).__name__).split("\n")[0][:most]
