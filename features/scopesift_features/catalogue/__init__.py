"""The known scopes, their settings, and their files on disk."""
