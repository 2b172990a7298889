"""The three sentences that open a digest, computed from its numbers."""

from collections.abc import Sequence

from digest.model import Balance, Figure, StanceCount, StoryWeek, TopicWeek
from digest.words import Words


def summary(
    words: Words,
    subject: str,
    articles: Figure,
    outlets: Figure,
    stances: Sequence[StanceCount],
    balance: Balance,
    topics: Sequence[TopicWeek],
    stories: Sequence[StoryWeek],
) -> tuple[str, ...]:
    """How much was written, which way it leaned, and on what; one sentence where nothing was written."""
    if not articles.value:
        return (words.gettext("No article named {subject} this week.", subject=subject),)
    return _volume(words, subject, articles, outlets), _leaning(words, balance, stances), _matter(words, topics, stories)


def _volume(words: Words, subject: str, articles: Figure, outlets: Figure) -> str:
    by = words.ngettext("{count} outlet", "{count} outlets", outlets.value)
    now = words.ngettext(
        "{count} article in {outlets} named {subject} this week",
        "{count} articles in {outlets} named {subject} this week",
        articles.value,
        outlets=by,
        subject=subject,
    )
    if articles.before is None:
        return words.gettext("{sentence}; nothing was collected the week before.", sentence=now)
    return words.gettext("{sentence}, against {before} the week before.", sentence=now, before=words.number(articles.before))


def _leaning(words: Words, balance: Balance, stances: Sequence[StanceCount]) -> str:
    if balance.value is None or balance.low is None or balance.high is None:
        return words.gettext("No stance could be read with confidence.")
    taken = {one.stance: one.count for one in stances}
    counted = words.ngettext(
        "Stance was read with confidence in {count} article, {critical} of them critical and {supportive} supportive",
        "Stance was read with confidence in {count} articles, {critical} of them critical and {supportive} supportive",
        balance.n,
        critical=words.number(taken["critical"]),
        supportive=words.number(taken["supportive"]),
    )
    if balance.low > 0:
        return words.gettext("{sentence}: the coverage leaned to support.", sentence=counted)
    if balance.high < 0:
        return words.gettext("{sentence}: the coverage leaned to criticism.", sentence=counted)
    return words.gettext("{sentence}: too close, or too few, to say that it leaned either way.", sentence=counted)


def _matter(words: Words, topics: Sequence[TopicWeek], stories: Sequence[StoryWeek]) -> str:
    widest = next((story for story in stories if story.outlets > 1), None)
    told = words.ngettext("{count} outlet", "{count} outlets", widest.outlets) if widest else ""
    most = max(topics, key=lambda topic: topic.articles.value, default=None)
    if most is None or not most.articles.value:
        if widest:
            return words.gettext("None treated a topic of the watch; the widest story ran in {outlets}.", outlets=told)
        return words.gettext("None treated a topic of the watch, and no story ran in more than one outlet.")
    on = words.ngettext(
        "Most was written on the topic {topic} ({count} article)",
        "Most was written on the topic {topic} ({count} articles)",
        most.articles.value,
        topic=words.quoted(most.label),
    )
    if widest:
        return words.gettext("{sentence}; the widest story ran in {outlets}.", sentence=on, outlets=told)
    return words.gettext("{sentence}; no story ran in more than one outlet.", sentence=on)
