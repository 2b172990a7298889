"""From labelled articles to search and trends."""
