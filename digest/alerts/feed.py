"""The alerts of a watch as an Atom feed (RFC 4287), the newest first."""

from collections.abc import Sequence

from digest.alerts.check import Alert
from digest.alerts.mail import shown
from digest.formats._phrases import clean
from digest.formats._templates import environment
from digest.formats.atom import identity
from digest.words import words
from vigie.watch import Watch

ENTRIES = 100


def to_atom(watch: Watch, alerts: Sequence[Alert]) -> str:
    """The feed. alerts: the newest first. An entry keeps its id for good."""
    language = watch.languages[0] if watch.languages[0] in ("en", "fr") else "en"
    entries = [
        (
            one,
            identity(watch.name, "alert", one.search, one.kind, one.key),
            shown(one)["headline"],
            environment(one.language).get_template("alert_entry.html").render(**shown(one)),
        )
        for one in alerts[:ENTRIES]
    ]
    return (
        environment(language)
        .get_template("alerts.atom")
        .render(
            id=identity(watch.name, "alerts"),
            title=words(language).gettext("Alerts of {title}", title=watch.title or watch.name),
            # A feed without entries has not changed since it was first asked for, whenever that was.
            updated=alerts[0].at if alerts else "1970-01-01T00:00:00+00:00",
            entries=entries,
            clean=clean,
        )
    )
