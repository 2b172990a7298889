"""What the press writes about when it writes about something else: the background against which a topic has to stand out.

The descriptions are general; a paragraph that is nearer to one of them than to a topic of the watch is not about that topic.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

WEIGHTS = Path(__file__).parent / "weights"

GENERAL: dict[str, tuple[str, ...]] = {
    "fr": (
        "Résultats financiers, chiffre d'affaires, bénéfice et prévisions d'une entreprise cotée.",
        "Levée de fonds d'une jeune pousse auprès d'investisseurs.",
        "Lancement commercial d'un produit : date de sortie, prix, coloris, disponibilité.",
        "Élections, gouvernement, vote au parlement, diplomatie et sommets internationaux.",
        "Cours de la bourse, indices, réaction des marchés.",
        "Cyberattaque contre un hôpital ou une administration, rançongiciel, panne de réseau.",
        "Jeux vidéo, films, séries, musique et plateformes de streaming.",
        "Téléphones, ordinateurs portables, appareils photo et objets connectés.",
        "Opérateurs télécoms, fibre optique, 5G et forfaits mobiles.",
        "Emploi, licenciements, nominations de dirigeants et conditions de travail.",
        "Espace, fusées, satellites et exploration scientifique.",
        "Voitures électriques, batteries, énergie et climat.",
        "Sport, matchs, classements et joueurs.",
        "Justice, procès, police et faits divers.",
        "Éducation, santé, culture et vie quotidienne.",
        "Popularité d'une application, nombre d'utilisateurs, inscriptions et téléchargements.",
    ),
    "en": (
        "Quarterly results, revenue, profit and guidance of a listed company.",
        "A start-up raises money from investors.",
        "Commercial launch of a product: release date, price, colours, availability.",
        "Elections, government, votes in parliament, diplomacy and summits.",
        "Share prices, indices and how markets reacted.",
        "Ransomware attack on a hospital or city, network outage.",
        "Video games, films, series, music and streaming services.",
        "Phones, laptops, cameras and gadgets.",
        "Telecom operators, fibre, 5G and mobile plans.",
        "Jobs, layoffs, executive appointments and working conditions.",
        "Space, rockets, satellites and scientific exploration.",
        "Electric cars, batteries, energy and climate.",
        "Sport, matches, rankings and players.",
        "Courts, trials, police and crime.",
        "Education, health, culture and daily life.",
        "Popularity of an app, number of users, sign-ups and downloads.",
    ),
    "de": (
        "Quartalszahlen, Umsatz, Gewinn und Prognose eines börsennotierten Unternehmens.",
        "Wahlen, Regierung, Parlament, Diplomatie und Gipfeltreffen.",
        "Markteinführung eines Produkts: Termin, Preis, Verfügbarkeit.",
        "Spiele, Filme, Serien, Musik und Streaming.",
        "Sport, Gesundheit, Bildung und Alltag.",
        "Netzbetreiber, Glasfaser, Telefone und Geräte.",
    ),
    "es": (
        "Resultados trimestrales, ingresos, beneficio y previsiones de una empresa cotizada.",
        "Elecciones, gobierno, parlamento, diplomacia y cumbres.",
        "Lanzamiento de un producto: fecha, precio y disponibilidad.",
        "Videojuegos, películas, series, música y plataformas.",
        "Deporte, salud, educación y vida cotidiana.",
        "Operadoras, fibra, teléfonos y dispositivos.",
    ),
    "it": (
        "Risultati trimestrali, ricavi, utili e previsioni di una società quotata.",
        "Elezioni, governo, parlamento, diplomazia e vertici.",
        "Lancio di un prodotto: data, prezzo e disponibilità.",
        "Videogiochi, film, serie, musica e piattaforme.",
        "Sport, salute, scuola e vita quotidiana.",
        "Operatori, fibra, telefoni e dispositivi.",
    ),
}


@cache
def background_mean(model: str) -> Floats | None:
    """The mean vector of varied texts under a packaged model, to be subtracted before cosines are taken; None for other models.

    Sentence encoders put all texts into a narrow cone (Ethayarajh 2019, EMNLP): raw cosines of e5 all lie between .75 and .95.
    """
    file = WEIGHTS / f"background-{model}.json"
    if not file.exists():
        return None
    return np.array(json.loads(file.read_text(encoding="utf-8"))["mean"], np.float32)


@cache
def language_mean(model: str, language: str) -> Floats | None:
    """The background mean, moved to where the texts of a language lie; the background mean where that is not known.

    Encoders gather texts by language before they gather them by meaning; with a mean of their own, texts of two languages can be
    compared (Libovický et al. 2020, Findings of EMNLP). The moves are made by nlp.training.stories.
    """
    mean, file = background_mean(model), WEIGHTS / f"stories-{model}.json"
    if mean is None or not file.exists():
        return mean
    moves = json.loads(file.read_text(encoding="utf-8"))["languages"]
    return mean + np.array(moves[language], np.float32) if language in moves else mean


def centred(vectors: Floats, mean: Floats | None) -> Floats:
    """Unit vectors with the mean taken off, of unit length again."""
    if mean is None or not len(vectors):
        return vectors
    shifted = vectors - mean
    norms = np.linalg.norm(shifted, axis=1, keepdims=True)
    return np.asarray(shifted / np.maximum(norms, 1e-6), np.float32)
