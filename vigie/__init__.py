"""The words that every room shares, and the command line."""

__version__ = "0.1.0"
