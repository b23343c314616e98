"""The playground page at `/` and its parts."""
