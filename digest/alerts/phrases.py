"""What an alert says, in the language of its search."""

from digest.alerts.check import Alert
from digest.words import Words, words

_SMALLEST = 0.0001


def headline(alert: Alert) -> str:
    """The alert in a few words, for a subject line or a list."""
    say, numbers = words(alert.language).gettext, alert.numbers
    match alert.kind:
        case "burst":
            return say("{title}: far more articles than usual", title=alert.title)
        case "turn" if numbers["direction"] == "critical":
            return say("{title}: the tone has turned critical", title=alert.title)
        case "turn":
            return say("{title}: the tone has turned supportive", title=alert.title)
        case _ if numbers["reached"]:
            return say("{title}: {outlet} has fallen silent", title=alert.title, outlet=numbers["outlet"])
        case _:
            return say("{title}: {outlet} cannot be reached", title=alert.title, outlet=numbers["outlet"])


def sentences(alert: Alert) -> tuple[str, ...]:
    """The alert in sentences, from its numbers."""
    told = words(alert.language)
    match alert.kind:
        case "burst":
            return _burst(told, alert)
        case "turn":
            return _turn(told, alert)
        case _:
            return _silence(told, alert)


def _burst(told: Words, alert: Alert) -> tuple[str, ...]:
    numbers = alert.numbers
    usual = told.number(numbers["usual"])
    if numbers["first"] == numbers["last"]:
        return (
            told.ngettext(
                "{count} article on {day}; {usual} would be usual.",
                "{count} articles on {day}; {usual} would be usual.",
                numbers["articles"],
                day=told.day(numbers["first"]),
                usual=usual,
            ),
        )
    return (
        told.ngettext(
            "{count} article from {first} to {last}; {usual} would be usual.",
            "{count} articles from {first} to {last}; {usual} would be usual.",
            numbers["articles"], first=told.day(numbers["first"]), last=told.day(numbers["last"]), usual=usual,
        ),
    )  # fmt: skip


def _turn(told: Words, alert: Alert) -> tuple[str, ...]:
    numbers = alert.numbers
    return (
        told.gettext(
            "On {subject}, in the seven days up to {day}: {critical} and {supportive}; in the four weeks before: "
            "{critical_before} and {supportive_before}.",
            subject=alert.subject,
            day=told.day(alert.day),
            critical=told.ngettext("{count} critical story", "{count} critical stories", numbers["critical"]),
            supportive=told.ngettext("{count} supportive story", "{count} supportive stories", numbers["supportive"]),
            critical_before=told.number(numbers["critical_before"]),
            supportive_before=told.number(numbers["supportive_before"]),
        ),
        told.gettext(
            "Chance alone gives such a difference with a probability of {p} (Fisher's exact test).",
            p=_chance(told, numbers["p"]),
        ),
    )


def _silence(told: Words, alert: Alert) -> tuple[str, ...]:
    numbers = alert.numbers
    rhythm = told.ngettext(
        "Its last article found here is of {last}; in the weeks before it wrote on {count} of {of} days.",
        "Its last article found here is of {last}; in the weeks before it wrote on {count} of {of} days.",
        numbers["wrote_days"], last=told.day(numbers["last"]), of=told.number(numbers["of_days"]),
    )  # fmt: skip
    if not numbers["reached"]:
        contact = told.gettext(
            "Nothing of it has been collected since {contact}, so that its silence says nothing.",
            contact=told.day(numbers["contact"]),
        )
        return rhythm, contact
    silence = told.ngettext(
        "With that rhythm, {count} day of silence has a probability of {p}.",
        "With that rhythm, {count} days of silence have a probability of {p}.",
        numbers["silent_days"], p=_chance(told, numbers["chance"]),
    )  # fmt: skip
    other = (
        told.ngettext(
            "It was reached, and published on other matters on {count} day since.",
            "It was reached, and published on other matters on {count} days since.",
            numbers["other_days"],
        )
        if numbers["other_days"]
        else told.gettext("It was reached, and has published nothing at all since.")
    )
    return rhythm, silence, other


def _chance(told: Words, p: float) -> str:
    return told.decimal(p, 4) if p >= _SMALLEST else told.gettext("less than {p}", p=told.decimal(_SMALLEST, 4))
