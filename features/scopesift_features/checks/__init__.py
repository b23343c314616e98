"""Checks of a scope against published values, and the versions and hardware used."""
