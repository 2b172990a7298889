"""A small press, a plain reading of queries over it, and strategies that make queries: what every engine is held against."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from index.analysis import fold, forms, normal_name, stemmed, stems, tokens
from index.document import story_number
from index.query import (
    And,
    DateRange,
    Everything,
    FactFilter,
    FieldValue,
    Not,
    Or,
    Phrase,
    Prefix,
    Query,
    Word,
    all_of,
    any_of,
)
from vigie.archive import StoredArticle
from vigie.article import (
    Article,
    Entity,
    Labels,
    Published,
    Quote,
    Sentence,
    Stance,
    StanceLabel,
    TopicLabel,
    article_id,
)
from vigie.watch import Source, Subject, Topic, Watch


def _source(name: str, language: str, country: str, owner: str = "") -> Source:
    home = f"https://{name}.example/"
    return Source(
        id=name,
        name=name.title(),
        home=home,
        feeds=(f"{home}feed",),
        language=language,
        country=country,
        owner=owner,
        kind="tech",
    )


WATCH = Watch(
    name="small",
    timezone="Europe/Paris",
    languages=("fr", "en"),
    subjects=(Subject(id="deepseek", name="DeepSeek"), Subject(id="mistral", name="Mistral AI")),
    topics=tuple(
        Topic(id=name, label={"fr": name.upper(), "en": name}, description={"en": name})
        for name in ("performance", "data", "gpus")
    ),
    sources=(
        _source("lemonde", "fr", "FR", "Le Monde Group"),
        _source("numerama", "fr", "FR", "Humanoid"),
        _source("frandroid", "fr", "FR", "Humanoid"),
        _source("wired", "en", "US"),
        _source("guardian", "en", "GB"),
        _source("heise", "de", "DE"),
    ),
)


def stored(
    number: int,
    *,
    source: str = "lemonde",
    title: str = "Un titre",
    text: str = "Un texte.",
    language: str = "fr",
    published: datetime | None = datetime(2025, 1, 27, 9, tzinfo=UTC),
    topics: tuple[str, ...] = (),
    subjects: tuple[str, ...] = ("deepseek",),
    stances: tuple[tuple[str, str | None, Stance], ...] = (),
    entities: tuple[str, ...] = (),
    authors: tuple[str, ...] = (),
    story: str | None = None,
    story_size: int = 1,
    first_seen: float = 1_738_000_000.0,
) -> StoredArticle:
    """An article as the archive hands it out, read and labelled."""
    url = f"https://{source}.example/{number}"
    identity = article_id(url)
    return StoredArticle(
        article=Article(
            id=identity, url=url, canonical_url=url, source=source, title=title, text=text, authors=authors, language=language,
            published=Published(published, 60, "second", "meta") if published else None,
        ),
        first_seen=first_seen,
        labels=Labels(
            article_id=identity, revision=1, language=language, analyser="test", subjects=subjects,
            entities=tuple(Entity(name, "organisation", 1) for name in entities),
            topics=tuple(TopicLabel(topic, 0.9) for topic in topics),
            stances=tuple(
                StanceLabel(subject, topic, stance, 0.5, 0.8, (Sentence(text, 0, len(text)),)) for subject, topic, stance in stances
            ),
            quotes=tuple(Quote(name, text, 0, len(text)) for name in entities[:1]),
        ),
        story=story or identity,
        reprint_of=None,
        story_size=story_size,
    )  # fmt: skip


_TITLES = (
    ("fr", "L’IA de DeepSeek et ses performances", "Le modèle est performant. Les cartes graphiques de Nvidia manquent."),
    ("fr", "Données personnelles : la CNIL enquête", "Les données des Français, l'enquête et le cœur du modèle open source."),
    ("fr", "Une carte graphique à 2 000 €", "GPT-4o tourne sur une carte graphique. C++ et CUDA, pas de données."),
    ("en", "DeepSeek R1 benchmarks", "The models perform well. Open source models are performing; Nvidia's chips are scarce."),
    ("en", "Data protection probes", "Regulators probe the data of users. It's a model problem."),
    ("en", "Graphics cards", "Graphic card prices; the open models, source code and C++."),
    ("de", "Straße frei für Modelle", "Die Grafikkarten von Nvidia und die Modelle."),
    ("zh", "大模型的数据", "人工智能大模型的数据和显卡。"),
)
_FACTS: tuple[tuple[str, str | None, Stance], ...] = tuple(
    (subject, topic, stance)
    for subject in ("deepseek", "mistral")
    for topic in (None, "performance", "data", "gpus")
    for stance in Stance
)
_ENTITIES = ("Nvidia", "NVIDIA", "Jensen Huang", "L'Oréal", "CNIL", "OpenAI")


def small_press(zone: ZoneInfo = WATCH.zone) -> list[StoredArticle]:
    """Ninety articles over two years: around both changes of clock, the turn of the year and the 53rd week of 2026."""
    instants = [
        datetime(2025, 1, 26, 22, 59, 59, tzinfo=UTC),  # Sunday night in Paris
        datetime(2025, 1, 26, 23, 0, tzinfo=UTC),  # Monday there
        datetime(2025, 3, 30, 0, 59, tzinfo=UTC),  # before the clock goes forward
        datetime(2025, 3, 30, 1, 0, tzinfo=UTC),
        datetime(2025, 3, 30, 22, 0, tzinfo=UTC),  # Monday by summer time
        datetime(2025, 10, 26, 0, 30, tzinfo=UTC),  # 02:30, the first time
        datetime(2025, 10, 26, 1, 30, tzinfo=UTC),  # 02:30, the second time
        datetime(2025, 10, 26, 23, 0, tzinfo=UTC),
        datetime(2025, 12, 31, 23, 30, tzinfo=UTC),  # 2026 in Paris
        datetime(2026, 12, 28, 10, tzinfo=UTC),  # the 53rd week
        datetime(2027, 1, 3, 22, 59, tzinfo=UTC),  # its last hour
        datetime(2027, 1, 3, 23, 0, tzinfo=UTC),
    ]
    sources = [source.id for source in WATCH.sources]
    press: list[StoredArticle] = []
    for number in range(90):
        language, title, text = _TITLES[number % len(_TITLES)]
        shared = number % 5 == 0
        press.append(
            stored(
                number,
                source=sources[number * 7 % len(sources)],
                title=title,
                text=f"{text} {('Suite', 'Fin', 'More')[number % 3]} {number}",
                language=language,
                published=instants[number % len(instants)] + timedelta(days=number // 12 * 7) if number % 17 else None,
                topics=tuple(topic for place, topic in enumerate(("performance", "data", "gpus")) if number >> place & 1),
                subjects=("deepseek",) if number % 3 else ("deepseek", "mistral"),
                stances=tuple(_FACTS[(number * step) % len(_FACTS)] for step in (1, 3, 7)),
                entities=tuple({_ENTITIES[number % 6], _ENTITIES[number * 5 % 6], _ENTITIES[number * number % 6]}),
                authors=("Anne Durand",) if number % 4 == 0 else ("Bob Šmíd", "Anne Durand") if number % 7 == 0 else (),
                story=f"story-{number % 3}" if shared else None,
                story_size=6 if shared else 1,
                first_seen=datetime(2025, 2, 3, number % 24, tzinfo=UTC).timestamp(),
            )
        )
    return press


def instant_of(one: StoredArticle) -> datetime:
    """When the article counts as published, in the watch's zone."""
    instant = one.article.published.instant if one.article.published else datetime.fromtimestamp(one.first_seen, UTC)
    return instant.astimezone(WATCH.zone)


def day_of(one: StoredArticle) -> date:
    return instant_of(one).date()


def shared_story(one: StoredArticle) -> int | None:
    return story_number(one.story) if one.story and one.story_size > 1 else None


def matches(query: Query, one: StoredArticle) -> bool:
    """What a query means, said as plainly as Python can."""
    article, labels = one.article, one.labels
    assert labels is not None
    match query:
        case Word(text=text, scope=scope):
            return any(
                fold(text) in forms(part)
                or any(stemmed([text], lang)[0] in stems(part, labels.language) for lang in WATCH.languages)
                for part in _parts(article, scope)
            )
        case Phrase(words=words, scope=scope):
            return any(
                _in_a_row([fold(word) for word in words], forms(part))
                or any(_in_a_row(stemmed(words, language), stems(part, labels.language)) for language in WATCH.languages)
                for part in _parts(article, scope)
            )
        case Prefix(text=text, scope=scope):
            return any(form.startswith(text) for part in _parts(article, scope) for form in forms(part))
        case FieldValue(field=name, value=value):
            return value in _values(name, one)
        case FactFilter(stance=stance, topic=topic, subject=subject):
            return any(
                label.stance == stance
                and (topic is None or (label.topic or "*") == topic)
                and (subject is None or label.subject == subject)
                for label in labels.stances
            )
        case DateRange(first=first, last=last):
            return (first is None or first <= day_of(one)) and (last is None or day_of(one) <= last)
        case And(parts=parts):
            return all(matches(part, one) for part in parts)
        case Or(parts=parts):
            return any(matches(part, one) for part in parts)
        case Not(part=part):
            return not matches(part, one)
        case Everything():
            return True
        case _:
            raise AssertionError(query)


def _parts(article: Article, scope: str) -> list[str]:
    return [article.title] if scope == "title" else [article.title, article.text]


def _in_a_row(words: list[str], text: list[str]) -> bool:
    return any(text[at : at + len(words)] == words for at in range(len(text) - len(words) + 1))


def _values(name: str, one: StoredArticle) -> Iterable[str]:
    article, labels = one.article, one.labels
    assert labels is not None
    source = WATCH.source(article.source)
    values: dict[str, Iterable[str]] = {
        "id": [article.id],
        "source": [article.source],
        "language": [labels.language],
        "country": [source.country],
        "kind": [source.kind],
        "topic": [label.topic for label in labels.topics],
        "subject": list(labels.subjects),
        "entity": [normal_name(entity.name) for entity in labels.entities],
        "author": [normal_name(author) for author in article.authors],
        "speaker": [normal_name(quote.speaker) for quote in labels.quotes],
        "story": [one.story or ""],
        "term": [word for word in tokens(f"{article.title} {article.text}") if word in ("nvidia", "modèle", "données", "models")],
    }
    return values[name]


def found(query: Query, press: Iterable[StoredArticle]) -> list[StoredArticle]:
    return [one for one in press if matches(query, one)]


def stories(articles: Iterable[StoredArticle]) -> int:
    """How many stories articles tell."""
    told = [shared_story(one) or one.article.id for one in articles]
    return len(set(told))


def bucket_label(day: date, interval: str) -> str:
    year, week, _ = day.isocalendar()
    return {"day": day.isoformat(), "week": f"{year}-W{week:02}", "month": f"{day.year}-{day.month:02}"}[interval]


def counted(articles: Iterable[StoredArticle], interval: str, unit: str) -> Counter[str]:
    """Articles or stories in each bucket."""
    grouped: dict[str, list[StoredArticle]] = {}
    for one in articles:
        grouped.setdefault(bucket_label(day_of(one), interval), []).append(one)
    return Counter({label: stories(group) if unit == "stories" else len(group) for label, group in grouped.items()})


_WORDS = (
    "performance performances performant données donnees data model modèles models nvidia carte cartes graphique graphics card "
    "open source le de c++ 2 straße strasse grafikkarten 数据 coeur cœur rien"
)
_PHRASES = (
    "carte graphique",
    "open source",
    "open source models",
    "gpt 4o",
    "données personnelles",
    "de deepseek",
    "数据 和显",
    "the data",
)
_scopes = st.sampled_from(("text", "title"))
_days = st.dates(date(2024, 12, 1), date(2027, 2, 1))

clauses: st.SearchStrategy[Query] = st.one_of(
    st.builds(Word, st.sampled_from(_WORDS.split()), _scopes),
    st.builds(lambda words, scope: Phrase(tuple(words.split()), scope), st.sampled_from(_PHRASES), _scopes),
    st.builds(Prefix, st.sampled_from(("perf", "mod", "c", "c++", "gr", "données"[:4], "数", "zzz")), _scopes),
    st.builds(lambda source: FieldValue("source", source), st.sampled_from([source.id for source in WATCH.sources])),
    st.builds(lambda value: FieldValue("language", value), st.sampled_from(("fr", "en", "de"))),
    st.builds(lambda value: FieldValue("country", value), st.sampled_from(("FR", "US", "GB", "DE"))),
    st.builds(lambda value: FieldValue("topic", value), st.sampled_from(("performance", "data", "gpus"))),
    st.builds(lambda value: FieldValue("subject", value), st.sampled_from(("deepseek", "mistral"))),
    st.builds(lambda value: FieldValue("entity", normal_name(value)), st.sampled_from(_ENTITIES)),
    st.builds(lambda value: FieldValue("author", normal_name(value)), st.sampled_from(("Anne Durand", "bob smid"))),
    st.builds(lambda value: FieldValue("speaker", normal_name(value)), st.sampled_from(_ENTITIES)),
    st.builds(lambda value: FieldValue("story", value), st.sampled_from(("story-0", "story-1", "unknown"))),
    st.builds(lambda value: FieldValue("term", value), st.sampled_from(("nvidia", "modèle", "données", "models"))),
    st.just(FieldValue("kind", "tech")),
    st.builds(
        FactFilter,
        st.sampled_from([stance.value for stance in Stance]),
        st.sampled_from((None, "*", "performance", "data")),
        st.sampled_from((None, "deepseek", "mistral")),
    ),
    st.builds(lambda days: DateRange(min(days), max(days)), st.tuples(_days, _days)),
    st.builds(lambda day: DateRange(day, None), _days),
    st.builds(lambda day: DateRange(None, day), _days),
    st.just(Everything()),
)
queries: st.SearchStrategy[Query] = st.recursive(
    clauses,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(all_of),
        st.lists(inner, min_size=2, max_size=3).map(any_of),
        inner.map(Not),
    ),
    max_leaves=6,
)
