"""From the press to articles in the archive."""
