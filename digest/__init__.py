"""One week of coverage as one document, rendered in every format."""
