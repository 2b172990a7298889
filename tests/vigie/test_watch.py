"""The watch file: what it says, and how its faults are told."""

import pickle
from pathlib import Path

import pytest
import tomlkit
from msgspec import to_builtins

from vigie._tables import Faults
from vigie.errors import UsageError
from vigie.routine import Edition
from vigie.watch import Watch, load_watch

GOOD = """
name = "demo"
timezone = "Europe/Paris"
languages = ["fr", "en"]

[[subjects]]
id = "deepseek"
name = "DeepSeek"
aliases = ["Deep Seek", "深度求索"]

[[entities]]
name = "Ocelot Labs"
aliases = ["Ocelot"]

[[topics]]
id = "data"
label = { fr = "Données", en = "Data" }

[topics.description]
fr = "Données personnelles"
en = "Personal data"

[[sources]]
id = "silex"
name = "Silex"
home = "https://silex.example/"
feeds = ["https://silex.example/feed"]
language = "fr"
country = "FR"

[[sources]]
id = "post"
name = "The Post"
home = "https://post.example/"
feeds = ["https://post.example/feed"]
language = "en"
country = "US"

[crawl]
delay = 2.0
"""


def fault(tmp_path: Path, old: str, new: str, at: str = "") -> str:
    """What is said of the good watch with one thing changed; at: a line, whose number must be named."""
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    file = tmp_path / "watch.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as told:
        load_watch(file)
    said = str(told.value)
    if at:
        number = [line.strip() for line in text.splitlines()].index(at) + 1
        assert said.startswith(f"{file}:{number}: "), said
    return said


def test_a_good_watch_is_read(tmp_path: Path) -> None:
    file = tmp_path / "watch.toml"
    file.write_text(GOOD, encoding="utf-8")
    watch = load_watch(file)
    assert watch.subjects[0].names == ("DeepSeek", "Deep Seek", "深度求索")
    assert watch.topics[0].label_in("fr") == "Données"
    assert watch.topics[0].label_in("it") == "Données"
    assert [source.id for source in watch.sources] == ["silex", "post"]
    assert watch.crawl.delay == 2.0


def test_an_unknown_key_names_file_line_key_and_mend(tmp_path: Path) -> None:
    told = fault(tmp_path, 'feeds = ["https://post', 'feedz = ["https://post', 'feedz = ["https://post.example/feed"]')
    assert told.endswith('unknown key "feedz" in [[sources]] "post"; did you mean "feeds"?')


@pytest.mark.parametrize(
    ("old", "new", "at", "says"),
    [
        ("delay = 2.0", 'delay = "slow"', 'delay = "slow"', '"delay" in [crawl]'),
        ("delay = 2.0", "delai = 2.0", "delai = 2.0", 'did you mean "delay"?'),
        ('"Europe/Paris"', '"Europe/Pariss"', 'timezone = "Europe/Pariss"', "did you mean 'Europe/Paris'"),
        ('id = "post"', 'id = "silex"', "", 'the id "silex" stands twice in [[sources]]'),
        ('country = "US"', 'country = "usa"', 'country = "usa"', '"country" in [[sources]] "post"'),
        ('home = "https://post.example/"', 'home = "post.example"', 'home = "post.example"', "not an http(s) address"),
        (
            'aliases = ["Ocelot"]',
            'alias = ["Ocelot"]',
            "",
            'unknown key "alias" in [[entities]] "Ocelot Labs"; did you mean',
        ),
        ('aliases = ["Ocelot"]\n', "", "[[entities]]", '"aliases" in [[entities]] "Ocelot Labs" is missing; add it'),
        ('aliases = ["Ocelot"]', 'kind = "cat"\naliases = ["Ocelot"]', 'kind = "cat"', '"kind" in [[entities]] "Ocelot Labs"'),
        (
            'aliases = ["Ocelot"]',
            'aliases = ["Ocelot"]\n[[entities]]\nname = "Big Cats"\naliases = ["ocelot"]',
            "",
            "leave it in one",
        ),
        ('name = "DeepSeek"\n', "", "[[subjects]]", '"name" in [[subjects]] "deepseek" is missing'),
        ('feeds = ["https://silex.example/feed"]\n', "", "[[sources]]", "needs at least one of feeds, sitemaps or sections"),
    ],
)
def test_faults_are_named_where_they_stand(tmp_path: Path, old: str, new: str, at: str, says: str) -> None:
    assert says in fault(tmp_path, old, new, at)


def test_all_faults_are_told_at_once_from_top_to_bottom(tmp_path: Path) -> None:
    told = fault(
        tmp_path,
        'home = "https://post.example/"\nfeeds = ["https://post.example/feed"]\nlanguage = "en"\n',
        'home = "post.example"\nfeeds = ["https://post.example/feed", 3, "feed"]\nlangage = "en"\nkind = "blog"\n',
    ).replace(f"{tmp_path / 'watch.toml'}:", "")
    assert told.splitlines() == [
        '31: "language" in [[sources]] "post" is missing; add it',
        """34: "home" in [[sources]] "post": 'post.example' is not an http(s) address""",
        '35: "feeds.1" in [[sources]] "post": must be a text (it is 3)',
        """35: "feeds.2" in [[sources]] "post": 'feed' is not an http(s) address""",
        '36: unknown key "langage" in [[sources]] "post"; did you mean "language"?',
        """37: "kind" in [[sources]] "post": must be one of: 'tech', 'business', 'general', 'agency' (it is 'blog')""",
    ]


def test_all_that_does_not_go_together_is_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "watch.toml"
    extra = ROUTINE.replace('[mail]\nhost = "mail.example.org"\nsender = "vigie@example.org"\n', "")
    file.write_text(GOOD.replace('id = "post"', 'id = "silex"') + extra, encoding="utf-8")
    with pytest.raises(UsageError) as told:
        load_watch(file)
    assert str(told.value).splitlines() == [
        f'{file}:32: "id" in [[sources]] "silex": the id "silex" stands twice in [[sources]]',
        f'{file}:46: "recipients" in [[editions]] "paris": there is no [mail] with the host and sender to use',
    ]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("delay = 2.0", "delay = 301", "must be a number, at least 0 and at most 300 (it is 301)"),
        ("delay = 2.0", "delay = nan", "must be a number, at least 0 and at most 300 (it is nan)"),
        ("delay = 2.0", "concurrency = 2.5", "must be a whole number, at least 1 and at most 256 (it is 2.5)"),
        ("delay = 2.0", 'robots = "no"', "must be true or false (it is 'no')"),
        ('aliases = ["Ocelot"]', "aliases = []", "must be a list that is not empty (it is [])"),
        ('name = "DeepSeek"', 'name = ""', "must be a text that is not empty (it is '')"),
        ('id = "post"', r'id = "post\n"', "must be an id: small letters"),
        ('["fr", "en"]', '["fr", "english"]', '"languages.1": must be a language code of two or three small letters'),
        ('{ fr = "Données", en = "Data" }', '{ french = "Données" }', '"label.french" in [[topics]] "data": must be a language'),
        ('name = "demo"\n', 'name = "demo"\neditions = ["a"]\n', "\"editions.0\": must be a table (it is 'a')"),
    ],
)
def test_a_fault_says_what_must_stand_there(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert says in fault(tmp_path, old, new)


def test_a_watch_comes_back_from_a_file_and_from_another_process(tmp_path: Path) -> None:
    file = tmp_path / "watch.toml"
    file.write_text(GOOD + ROUTINE, encoding="utf-8")
    watch = load_watch(file)
    file.write_text(tomlkit.dumps(to_builtins(watch)), encoding="utf-8")
    assert load_watch(file) == watch
    assert pickle.loads(pickle.dumps(watch)) == watch
    assert Watch.of(to_builtins(watch)) == watch


def test_a_table_made_by_a_program_is_checked_too() -> None:
    with pytest.raises(Faults, match=r"^unknown key xyz; known keys: id, .*\nhour: between 01:00 and 03:59 the clocks change"):
        Edition.of({"id": "e", "hour": 2, "timezone": None, "xyz": "red"})


@pytest.mark.parametrize("name", ["", "Europe", "../Paris", "right/Europe/Paris", "posixrules", "zone.tab"])
def test_only_zones_are_zones(tmp_path: Path, name: str) -> None:
    assert "is no IANA time zone" in fault(tmp_path, '"Europe/Paris"', f'"{name}"')


def test_broken_toml_and_missing_files_are_usage_errors(tmp_path: Path) -> None:
    assert "not valid TOML" in fault(tmp_path, "[crawl]", "[crawl")
    with pytest.raises(UsageError, match="no such watch file"):
        load_watch(tmp_path / "none.toml")


def test_the_shipped_watch_is_good_and_wide() -> None:
    watch = load_watch(Path(__file__).parents[2] / "watches" / "deepseek.toml")
    assert len(watch.sources) >= 40
    assert [topic.id for topic in watch.topics] == ["performance", "data", "gpus"]
    for topic in watch.topics:
        for texts in (topic.label, topic.description, topic.examples):
            assert set(texts) >= {"fr", "en", "de", "es", "it"}
    assert watch.sources[0].language == "fr"
    assert {source.language for source in watch.sources} == {"fr", "en", "de", "es", "it"}


def test_an_unknown_source_is_told_with_the_nearest(tmp_path: Path) -> None:
    file = tmp_path / "watch.toml"
    file.write_text(GOOD, encoding="utf-8")
    with pytest.raises(UsageError, match='did you mean "silex"'):
        load_watch(file).source("silx")


def test_every_key_is_documented() -> None:
    from vigie.routine import Daemon, Edition, Mail, Retention, Search
    from vigie.watch import Crawl, Models, NamedEntity, Source, Subject, Topic, Watch

    page = (Path(__file__).parents[2] / "docs" / "watch.md").read_text(encoding="utf-8")
    tables = (Watch, Subject, NamedEntity, Topic, Source, Crawl, Models, Edition, Search, Mail, Retention, Daemon)
    keys = {key for table in tables for key in table.__struct_fields__}
    assert [key for key in sorted(keys) if f"`{key}`" not in page and f"[{key}]" not in page] == []


ROUTINE = """
[[editions]]
id = "paris"
language = "fr"
hour = 8
recipients = ["presse@example.org"]

[mail]
host = "mail.example.org"
sender = "vigie@example.org"

[[searches]]
id = "data"
query = "topic:data"
"""


def test_editions_searches_and_mail_are_read(tmp_path: Path) -> None:
    file = tmp_path / "watch.toml"
    file.write_text(GOOD + ROUTINE, encoding="utf-8")
    watch = load_watch(file)
    assert (watch.editions[0].day, watch.editions[0].hour, watch.editions[0].formats) == ("mon", 8, ("html",))
    assert watch.mail
    assert watch.mail.security == "starttls"
    assert watch.searches[0].alerts == ("burst", "turn", "silence")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("hour = 8", "hour = 2", "clocks change"),
        ("hour = 8", 'hour = 8\nday = "monday"', "'mon'"),
        ("presse@example.org", "presse", "no e-mail address"),
        ("[mail]", "[post]", 'unknown key "post"'),
        ('"paris"', '"data"\n[[editions]]\nid = "data"', "stands twice"),
        ('[mail]\nhost = "mail.example.org"\nsender = "vigie@example.org"\n', "", "no [mail]"),
        ("hour = 8", 'subject = "deepsek"', '"subject" in [[editions]] "paris": no subject "deepsek"; did you mean "deepseek"?'),
        ("hour = 8", 'subject = "xyz"', "known subjects: deepseek"),
    ],
)
def test_a_bad_routine_is_told_with_its_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    file = tmp_path / "watch.toml"
    assert old in ROUTINE
    file.write_text(GOOD + ROUTINE.replace(old, new), encoding="utf-8")
    with pytest.raises(UsageError) as error:
        load_watch(file)
    assert told in str(error.value)
    assert "watch.toml" in str(error.value)


def test_queries_of_saved_searches_are_read_where_somebody_can(tmp_path: Path) -> None:
    file = tmp_path / "watch.toml"
    file.write_text(GOOD + ROUTINE.replace('"topic:data"', '"topic:dta AND"'), encoding="utf-8")
    assert load_watch(file).searches[0].query == "topic:dta AND"
    with pytest.raises(UsageError) as told:
        load_watch(file, query_fault=lambda watch, query: f"{watch.name} knows no {query}")
    number = file.read_text().splitlines().index('query = "topic:dta AND"') + 1
    assert str(told.value) == f'{file}:{number}: "query" in [[searches]] "data": demo knows no topic:dta AND'
