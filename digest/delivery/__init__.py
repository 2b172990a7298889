"""How a digest or an alert leaves the house: by e-mail, each recipient once; to a folder or an object store."""

from digest.delivery.post import Post, deliver
from digest.delivery.smtp import Mailer
from digest.delivery.store import Store

__all__ = ["Mailer", "Post", "Store", "deliver"]
