"""Of whom quoted speakers speak, and what is read of it."""

from nlp.document import Document, take_apart
from nlp.quotes import find_quotes
from nlp.reader import Reader, label_record
from nlp.voices import Spoken, spoken_of
from tests.nlp.test_explanation import PASSING
from vigie.article import Quote
from vigie.watch import Subject

DEEPSEEK = Subject.of({"id": "deepseek", "name": "DeepSeek"})
OPENAI = Subject.of({"id": "openai", "name": "OpenAI"})
BACKGROUND = "Le fonds a été créé en 2015. Il gère huit milliards de yuans."


def spoken(text: str, *subjects: Subject, title: str = "") -> list[Spoken]:
    (document,) = take_apart([(title, text, "fr")])
    return spoken_of(document, quotes_of(document), subjects)


def quotes_of(document: Document) -> tuple[Quote, ...]:
    return find_quotes(document.text, document.named, document.language)


def test_a_quote_that_names_its_subject_is_read_alone() -> None:
    text = f"{BACKGROUND} « DeepSeek nous a menti sur les coûts », affirme Anne Kervran."
    ((quote, subject, view),) = spoken(text, DEEPSEEK)
    assert (quote.speaker, subject.id, view.text) == ("Anne Kervran", "deepseek", "DeepSeek nous a menti sur les coûts")


def test_a_quote_that_names_nobody_is_read_with_the_sentence_that_does_and_with_what_stands_before_it() -> None:
    text = f"DeepSeek a publié son modèle. {BACKGROUND} Le rapport tient en dix pages. « Tout y est faux », affirme Anne Kervran."
    ((_, _, view),) = spoken(text, DEEPSEEK)
    assert view.text.startswith("DeepSeek a publié son modèle.")
    assert "Il gère huit milliards" in view.text
    assert "Le rapport tient en dix pages." in view.text
    assert "créé en 2015" not in view.text


def test_what_somebody_else_says_is_not_read_with_a_quote() -> None:
    text = "DeepSeek divise. « C'est un scandale absolu », s'emporte Anne Kervran. « Le modèle est honnête », répond Paul Durand."
    views = {quote.speaker: view.text for quote, _, view in spoken(text, DEEPSEEK)}
    assert "scandale" in views["Anne Kervran"]
    assert "scandale" not in views["Paul Durand"]


def test_who_names_none_of_several_subjects_speaks_of_the_one_that_was_named_last() -> None:
    text = (
        "OpenAI se tait. DeepSeek a tout publié. « Ils ont montré leurs brouillons », note Anne Kervran. OpenAI n'a rien montré."
    )
    assert [subject.id for _, subject, _ in spoken(text, OPENAI, DEEPSEEK)] == ["deepseek"]
    titled = spoken("« Ils ont montré leurs brouillons », note Anne Kervran.", OPENAI, DEEPSEEK, title="OpenAI se dévoile")
    assert [subject.id for _, subject, _ in titled] == ["openai"]


def test_speakers_are_heard_in_articles_about_the_subject_only(reader: Reader) -> None:
    about = {
        "title": "DeepSeek a laissé une base ouverte",
        "text": "DeepSeek a laissé une base de données ouverte à tous, avec un million de conversations. Les clés d'accès y figuraient. "
        "« C'est une faute de débutant, et elle met des milliers de personnes en danger », tranche Corentin Abiven, chercheur à Rennes.",
    }
    (voice,) = label_record(reader, about | {"subject": "DeepSeek", "language": "fr"})["voices"]
    assert (voice["speaker"], voice["stance"]) == ("Corentin Abiven", "critical")
    passing = {
        "title": "Le Salon du livre",
        "text": f"{PASSING}\n\n« Nous avions prévu la pluie, pas la foule », sourit Odile Marchetti.",
    }
    assert label_record(reader, passing | {"subject": "DeepSeek", "language": "fr"})["voices"] == []
