"""Stance toward a subject, over all and per topic, with the sentences that show it."""
