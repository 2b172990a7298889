"""Speed, memory and quality, each against a named peer or the raw limit in the same run."""
