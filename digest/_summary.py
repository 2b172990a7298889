"""The three sentences that open a digest, computed from its numbers."""

from collections.abc import Sequence

from digest._sentence import counted, sentence
from digest.model import Balance, Figure, Sentence, StanceCount, StoryWeek, TopicWeek
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
) -> tuple[Sentence, ...]:
    """How much was written, which way it leaned, and on what; one sentence where nothing was written."""
    if not articles.value:
        return (sentence(words.gettext("No article named {subject} this week.", subject=subject)),)
    told = _volume(words, subject, articles, outlets), _leaning(words, balance, stances), _matter(words, topics, stories)
    return tuple(map(sentence, told))


def _count(words: Words, count: float, query: str) -> str:
    return counted(words.number(count), query)


def _volume(words: Words, subject: str, articles: Figure, outlets: Figure) -> str:
    by = words.ngettext("{count} outlet", "{count} outlets", outlets.value, count=_count(words, outlets.value, outlets.query))
    now = words.ngettext(
        "{count} article in {outlets} named {subject} this week",
        "{count} articles in {outlets} named {subject} this week",
        articles.value,
        count=_count(words, articles.value, articles.query),
        outlets=by,
        subject=subject,
    )
    if articles.before is None:
        return words.gettext("{sentence}; nothing was collected the week before.", sentence=now)
    before = _count(words, articles.before, articles.query_before)
    return words.gettext("{sentence}, against {before} the week before.", sentence=now, before=before)


def _leaning(words: Words, balance: Balance, stances: Sequence[StanceCount]) -> str:
    if balance.value is None or balance.low is None or balance.high is None:
        return words.gettext("No stance could be read with confidence.")
    taken = {one.stance: _count(words, one.count, one.query) for one in stances}
    read = words.ngettext(
        "Stance was read with confidence in {count} article, {critical} of them critical and {supportive} supportive",
        "Stance was read with confidence in {count} articles, {critical} of them critical and {supportive} supportive",
        balance.n,
        count=_count(words, balance.n, balance.query),
        critical=taken["critical"],
        supportive=taken["supportive"],
    )
    if balance.low > 0:
        return words.gettext("{sentence}: the coverage leaned to support.", sentence=read)
    if balance.high < 0:
        return words.gettext("{sentence}: the coverage leaned to criticism.", sentence=read)
    return words.gettext("{sentence}: too close, or too few, to say that it leaned either way.", sentence=read)


def _matter(words: Words, topics: Sequence[TopicWeek], stories: Sequence[StoryWeek]) -> str:
    widest = next((story for story in stories if story.outlets > 1), None)
    told = ""
    if widest:
        told = words.ngettext(
            "{count} outlet", "{count} outlets", widest.outlets, count=_count(words, widest.outlets, widest.query)
        )
    most = max(topics, key=lambda topic: topic.articles.value, default=None)
    if most is None or not most.articles.value:
        if widest:
            return words.gettext("None treated a topic of the watch; the widest story ran in {outlets}.", outlets=told)
        return words.gettext("None treated a topic of the watch, and no story ran in more than one outlet.")
    on = words.ngettext(
        "Most was written on the topic {topic} ({count} article)",
        "Most was written on the topic {topic} ({count} articles)",
        most.articles.value,
        count=_count(words, most.articles.value, most.articles.query),
        topic=words.quoted(most.label),
    )
    if widest:
        return words.gettext("{sentence}; the widest story ran in {outlets}.", sentence=on, outlets=told)
    return words.gettext("{sentence}; no story ran in more than one outlet.", sentence=on)
