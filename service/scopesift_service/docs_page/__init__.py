"""The API documentation at /docs."""
