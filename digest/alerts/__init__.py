"""Alerts on saved searches: what is new, told once, by e-mail, webhook and Atom feed."""

from digest.alerts.check import Alert, Cited, check, from_record
from digest.alerts.feed import to_atom
from digest.alerts.phrases import headline, sentences
from digest.alerts.send import SEND_WITHIN, send

__all__ = ["SEND_WITHIN", "Alert", "Cited", "check", "from_record", "headline", "send", "sentences", "to_atom"]
