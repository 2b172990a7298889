"""Reported speech: what counts as a quote, of which kind, and who is said to have spoken."""

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.document import take_apart
from nlp.quotes import find_quotes
from vigie.archive._records import from_json
from vigie.article import Quote


def quotes(text: str, language: str) -> tuple[Quote, ...]:
    (document,) = take_apart([("", text, language)])
    return find_quotes(document.text, document.named, document.language)


def told(text: str, language: str) -> list[tuple[str, str, str]]:
    return [(quote.kind, quote.speaker, quote.text) for quote in quotes(text, language)]


@pytest.mark.parametrize(
    ("language", "text", "kind", "speaker", "said"),
    [
        ("fr", "« Nous ne savons pas où vont les données », a déclaré Odile Marchetti.", "direct", "Odile Marchetti", "Nous ne savons pas où vont les données"),
        ("fr", "Selon Yannick Delormel, « il faudra des semaines ».", "direct", "Yannick Delormel", "il faudra des semaines"),
        ("fr", "« C'est une faute de débutant », s'étrangle Corentin Abiven.", "direct", "Corentin Abiven", "C'est une faute de débutant"),
        ("fr", "Odile Marchetti a déclaré lundi que le service fermerait.", "indirect", "Odile Marchetti", "le service fermerait"),
        ("fr", "Odile Marchetti affirme vouloir saisir la justice.", "indirect", "Odile Marchetti", "vouloir saisir la justice"),
        ("fr", "Le service sera coupé mardi, a indiqué Odile Marchetti.", "indirect", "Odile Marchetti", "Le service sera coupé mardi"),
        ("fr", "D'après l'AFP, le service sera coupé mardi.", "according", "AFP", "le service sera coupé mardi"),
        ("fr", "Le service sera coupé mardi, selon Reuters.", "according", "Reuters", "Le service sera coupé mardi"),
        ("fr", "Un porte-parole de la CNIL a indiqué que trois contrôles étaient en cours.", "indirect", "CNIL", "trois contrôles étaient en cours"),
        ("fr", "Un salarié de Huawei se plaint : « Elles tombent en panne chaque jour ».", "direct", "", "Elles tombent en panne chaque jour"),
        ("en", "“They made do with less,” said Priya Lindqvist.", "direct", "Priya Lindqvist", "They made do with less"),
        ("en", "Priya Lindqvist said the rules had backfired.", "indirect", "Priya Lindqvist", "the rules had backfired"),
        ("en", "The company told reporters in Paris that it would appeal.", "indirect", "", "it would appeal"),
        ("en", "According to Reuters, the fund wants a loan.", "according", "Reuters", "the fund wants a loan"),
        ("de", "»Hier fehlt es an allem«, sagte Friederike Mahnkopf.", "direct", "Friederike Mahnkopf", "Hier fehlt es an allem"),
        ("es", "Según la AEPD, la aplicación recoge demasiados datos.", "according", "AEPD", "la aplicación recoge demasiados datos"),
        ("it", "«Non sappiamo nulla di tutto questo», spiega Paola Renzetti.", "direct", "Paola Renzetti", "Non sappiamo nulla di tutto questo"),
        ("en", "Priya Lindqvist told Reuters that the rules had backfired.", "indirect", "Priya Lindqvist", "the rules had backfired"),
        ("en", "Priya Lindqvist told the BBC that the rules had backfired.", "indirect", "Priya Lindqvist", "the rules had backfired"),
        ("en", "Priya Lindqvist told MPs that the rules had backfired.", "indirect", "Priya Lindqvist", "the rules had backfired"),
        ("en", "Priya Lindqvist told the court that the rules had backfired.", "indirect", "Priya Lindqvist", "the rules had backfired"),
        ("en", "Priya Lindqvist told the court the rules had backfired.", "indirect", "Priya Lindqvist", "the rules had backfired"),
        ("en", "Priya Lindqvist told a parliamentary committee on Tuesday that the rules had backfired.", "indirect", "Priya Lindqvist", "the rules had backfired"),
        ("en", "Priya Lindqvist told Reuters on Monday that the rules had backfired.", "indirect", "Priya Lindqvist", "the rules had backfired"),
        ("en", "Priya Lindqvist told the New York Times that the rules had backfired.", "indirect", "Priya Lindqvist", "the rules had backfired"),
        ("en", "Priya Lindqvist said Monday that the rules had backfired.", "indirect", "Priya Lindqvist", "the rules had backfired"),
        ("en", "The rules had backfired, Priya Lindqvist told the Senate on Monday.", "indirect", "Priya Lindqvist", "The rules had backfired"),
        ("en", "Priya Lindqvist said it intends to appeal.", "indirect", "Priya Lindqvist", "it intends to appeal"),
        ("en", "Nvidia claimed the chip was twice as fast.", "indirect", "Nvidia", "the chip was twice as fast"),
        ("en", "Priya Lindqvist, who runs the lab, said that the rules had backfired.", "indirect", "Priya Lindqvist", "the rules had backfired"),
        ("fr", "Odile Marchetti, qui dirige le laboratoire, a déclaré que le service fermerait.", "indirect", "Odile Marchetti", "le service fermerait"),
        ("fr", "Odile Marchetti, qui dirige le laboratoire, affirme : « Le service fermera demain ».", "direct", "Odile Marchetti", "Le service fermera demain"),
        ("fr", "DeepSeek dément avoir copié le modèle.", "indirect", "DeepSeek", "dément avoir copié le modèle"),
        ("fr", "DeepSeek nie que le modèle ait été copié.", "indirect", "DeepSeek", "nie que le modèle ait été copié"),
        ("fr", "DeepSeek a démenti que le modèle ait été copié.", "indirect", "DeepSeek", "a démenti que le modèle ait été copié"),
        ("fr", "DeepSeek s'est défendu d'avoir copié le modèle.", "indirect", "DeepSeek", "s'est défendu d'avoir copié le modèle"),
        ("en", "DeepSeek denied that it had copied the model.", "indirect", "DeepSeek", "denied that it had copied the model"),
        ("en", "DeepSeek denies copying the model.", "indirect", "DeepSeek", "denies copying the model"),
        ("en", "DeepSeek denied it had copied the model.", "indirect", "DeepSeek", "denied it had copied the model"),
        ("de", "DeepSeek bestreitet, dass das Modell kopiert wurde.", "indirect", "DeepSeek", "bestreitet, dass das Modell kopiert wurde"),
        ("de", "DeepSeek bestreitet, Daten kopiert zu haben.", "indirect", "DeepSeek", "bestreitet, Daten kopiert zu haben"),
        ("es", "DeepSeek niega haber copiado el modelo.", "indirect", "DeepSeek", "niega haber copiado el modelo"),
        ("it", "DeepSeek nega di aver copiato il modello.", "indirect", "DeepSeek", "nega di aver copiato il modello"),
        ("de", "DeepSeek erklärte, dass das Modell sicher sei.", "indirect", "DeepSeek", "das Modell sicher sei"),
        ("fr", "DeepSeek a promis de publier ses poids.", "indirect", "DeepSeek", "publier ses poids"),
        ("fr", "DeepSeek s'engage à ne rien garder.", "indirect", "DeepSeek", "ne rien garder"),
        ("fr", "DeepSeek se dit prête à publier ses poids.", "indirect", "DeepSeek", "prête à publier ses poids"),
        ("fr", "De l'avis d'Odile Marchetti, le service fermera demain.", "according", "Odile Marchetti", "le service fermera demain"),
        ("fr", "Aux dires de Reuters, le service fermera demain.", "according", "Reuters", "le service fermera demain"),
        ("en", "The fund wants a new loan, per Reuters.", "according", "Reuters", "The fund wants a new loan"),
        ("en", "'We don't know where the data goes,' said Priya Lindqvist.", "direct", "Priya Lindqvist", "We don't know where the data goes"),
        ("fr", "« Nous ne savons rien de plus », a tweeté Odile Marchetti.", "direct", "Odile Marchetti", "Nous ne savons rien de plus"),
        ("fr", "« Nous ne savons rien de plus », a maugréé Odile Marchetti.", "direct", "Odile Marchetti", "Nous ne savons rien de plus"),
        ("pl", "„Nie wiemy, gdzie są dane”, powiedziała Anna Kowalska.", "direct", "Anna Kowalska", "Nie wiemy, gdzie są dane"),
    ],
)  # fmt: skip
def test_a_quote_has_a_kind_and_a_speaker(language: str, text: str, kind: str, speaker: str, said: str) -> None:
    assert told(text, language) == [(kind, speaker, said)]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fr", "La start-up vante son « IA souveraine »."),
        ("fr", "Le livre « La machine et le vivant » paraît mardi."),
        ("fr", "Odile Marchetti n'a pas dit que le service fermerait."),
        ("fr", "Odile Marchetti refuse de dire que le service fermera."),
        ("fr", "On dit souvent que la copie est inévitable."),
        ("fr", "L'annonce que le service fermerait a surpris."),
        ("fr", "Le modèle est plus lent d'après nos relevés."),
        ("en", "The novel “A Machine Like Mine” has sold well."),
        ("en", "The company did not say that the service would close."),
        ("en", "The researchers reported it and the ports went dark."),
        ("en", "Developers are billed according to when a request is finished."),
        ("en", "I think that this is optimistic."),
        ("en", "Nvidia claimed a record share of the market."),
        ("en", "Nvidia claimed the top spot."),
        ("en", "After the launch, Nvidia claimed the top spot."),
        ("en", "For the third quarter, Nvidia reported record profits."),
        ("fr", "Après trois mois, Nvidia a annoncé une hausse de ses prix."),
        ("fr", "L'entreprise, fondée en 2019, a annoncé une hausse de ses prix."),
        ("en", "Analysts estimate a loss of 40 million dollars."),
        ("en", "Nvidia added a new factory to the plan."),
        ("en", "Investors were told that the rules had backfired."),
        ("en", "Priya Lindqvist told the Senate on Monday."),
        ("en", "DeepSeek denied the request of the court."),
        ("en", "DeepSeek did not deny that it had copied the model."),
        ("fr", "DeepSeek ne nie pas que le modèle ait été copié."),
        ("fr", "DeepSeek n'a pas démenti avoir copié le modèle."),
        ("en", "The chip costs two dollars, per GPU and hour."),
        ("en", "In the '90s the engineers' pay was low, said to be the lowest."),
    ],
)
def test_what_nobody_says_is_no_quote(language: str, text: str) -> None:
    assert told(text, language) == []


def test_a_remark_within_marks_parts_the_quote() -> None:
    assert told("« Le modèle est bon, admet Pascal Dorniel, mais je n'y mettrais rien. » Il a fermé l'accès.", "fr") == [
        ("direct", "Pascal Dorniel", "Le modèle est bon"),
        ("direct", "Pascal Dorniel", "mais je n'y mettrais rien."),
    ]
    assert told('"The model is good," Derek Stoll said, "but I would not trust it."', "en") == [
        ("direct", "Derek Stoll", "The model is good"),
        ("direct", "Derek Stoll", "but I would not trust it."),
    ]


def test_the_speaker_is_the_full_name_whatever_stands_for_it() -> None:
    text = (
        "La ministre Aurore Vaugeois défendait le texte. « Aucune donnée ne sortira », a promis la ministre. "
        "Elle ajoute que la loi sera votée. « Nous verrons bien », conclut Mme Vaugeois."
    )
    assert {speaker for _, speaker, _ in told(text, "fr")} == {"Aurore Vaugeois"}
    assert len(told(text, "fr")) == 3


def test_a_pronoun_that_may_mean_two_people_means_nobody() -> None:
    text = "Priya Lindqvist met Odile Marchetti in Paris on Monday. She said that the rules had backfired."
    assert told(text, "en") == [("indirect", "", "the rules had backfired")]


def test_marks_within_marks_belong_to_the_outer_quote() -> None:
    assert told("« Il m'a dit « laissez tomber le projet » et il est parti », raconte Élodie Ramonet.", "fr") == [
        ("direct", "Élodie Ramonet", "Il m'a dit « laissez tomber le projet » et il est parti")
    ]


def test_labels_written_before_quotes_had_kinds_are_read_as_direct() -> None:
    old = '{"speaker": "Odile Marchetti", "text": "rien de plus", "start": 2, "end": 14}'
    assert from_json(Quote, old) == Quote("Odile Marchetti", "rien de plus", 2, 14, "direct")


PIECES = st.sampled_from(
    [*"aé«»“”\"'‘’ .,:\n—XA深", "Selon X, ", " nie avoir ", " a dit que ", ", said Bo Li", " mais trois mots"]
)


@settings(deadline=None, max_examples=80)
@given(st.lists(PIECES, max_size=150).map("".join), st.sampled_from(["fr", "en", "de", "zh"]))
def test_offsets_give_back_the_text_and_quotes_do_not_overlap(text: str, language: str) -> None:
    found = quotes(text, language)
    for quote in found:
        assert text[quote.start : quote.end] == quote.text
    for one, other in pairwise(found):
        assert one.end <= other.start


@pytest.mark.parametrize(
    "piece", ["« ", '"a, ', "« a b c d »,", "Selon X, ", "'a b, ", "told the a ", "Anna Feldt said she knew, ", "A. ", "((A"]
)
def test_time_grows_with_the_text_only(piece: str) -> None:
    find_quotes("A. B said that.", (), "en")
    text = piece * (40_000 // len(piece))
    started = time.process_time()
    find_quotes(text, (), "en")
    assert time.process_time() - started < 5
