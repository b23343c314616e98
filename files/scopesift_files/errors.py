"""The errors that a person sees: one clear line each, with the place and the remedy."""


class ScopesiftError(Exception):
    """Anything scopesift refuses to do; the command line exits with code 1."""


class UsageError(ScopesiftError):
    """The request itself is wrong (unknown name, missing file, bad argument); exit code 2."""


class ScopeError(ScopesiftError):
    """A scope that cannot be read, pulled or trusted."""


class InputError(ScopesiftError):
    """Data that cannot be read; the message carries file and line."""


def first_line(error: Exception, most: int = 200) -> str:
    """The first line of another library's error, for a message of ours; its type's name if it says nothing."""
    return (str(error).strip() or type(error).__name__).split("\n")[0][:most]
