"""From an article to its labels."""
