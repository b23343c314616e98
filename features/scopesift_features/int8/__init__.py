"""Linear layers in int8."""
