"""Steering on a real model, measured."""
