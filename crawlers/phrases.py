"""What pages say around an article, by the words it begins with: calls to read or buy elsewhere, credits, furniture of the page.

Each line of a list is a regular expression; a list is matched at the start of a paragraph, case aside, behind any punctuation.
"""

import re


def words_of(listed: str) -> tuple[str, ...]:
    """The words of a list that is written as a text."""
    return tuple(listed.split())


def _any_of(*lists: str) -> str:
    return "|".join(line.strip() for lines in lists for line in lines.strip().splitlines())


_CALLS_EN = r"""
    (?:also )?read (?:more|also|next|the full)\b
    read:|more:|listen:|download:|watch(?: (?:more|now|below|also))?:
    see (?:also|more)\b|also on\b|more (?:on this|from|stories)\b
    related(?: (?:story|stories|articles?|posts?|coverage|topics?|links?))?\s*:
    don.?t miss\b|you (?:may|might) also (?:like|be)|recommended (?:videos?|stories|for you)
    (?:click|tap) here\b|sign up\b|subscribe\b|join (?:our|us|the conversation)\b
    get (?:the|our|all the) .{0,60}(?:newsletter|inbox|app\b|go by)
    follow (?:us|me|him|her|them)?\b.{0,60}(?:twitter|facebook|instagram|youtube|\bx\b)
    like this story|have (?:a|any) (?:tip|news)|do you have (?:a|any) (?:story|tip|news|view)
    would you like to comment|this copy is for your personal
"""
_CALLS_FR = r"""
    lire (?:aussi|également|la suite|plus)\b|lire\s*:|à lire\b|voir (?:aussi|plus)\b|à (?:voir|écouter|regarder)\b
    pour aller plus loin|sur le même (?:sujet|thème)|la rédaction vous conseille|cet article vous a plu
    abonnez-vous|inscrivez-vous|suivez(?:-nous| nous| toute)|recevez (?:notre|nos|chaque|toute)
    retrouvez (?:nous|toute l.actualité)|cliquez ici|newsletter\b
"""
_CALLS_DE = r"""
    lesen sie (?:auch|mehr|hier|dazu)|lies auch|mehr (?:zum thema|dazu|lesen)|auch interessant|siehe auch
    das könnte (?:sie|dich) auch|zum thema\s*:|zum artikel\b|hier (?:geht es|finden sie|klicken)
    jetzt (?:abonnieren|lesen|testen)|abonnieren sie|folgen sie uns
    externer inhalt|an dieser stelle finden sie einen|deine privatsphäre-einstellungen|zur anzeige aktiviere
"""
_CALLS_ES = r"""
    le[ea] también|lea (?:más|además)|te puede interesar|también te|noticias relacionadas|más información\s*:
    suscríbete|síguenos|haz clic
"""
_CALLS_IT = r"""
    leggi (?:anche|tutt)|guarda (?:anche|il video)|potrebbe interessarti|ti potrebbe|iscriviti|seguici|clicca qui
"""
_CALLS_OTHER = r"""
    leia (?:também|mais)|veja (?:também|mais)|saiba mais|assine|siga-nos|lees (?:ook|meer)|bekijk ook
    les også|läs (?:också|även|mer)|læs også|čtěte také|czytaj (?:też|także|również)|читайте (?:также|ещё)
"""
_CALLS = _any_of(_CALLS_EN, _CALLS_FR, _CALLS_DE, _CALLS_ES, _CALLS_IT, _CALLS_OTHER)

_CREDITS = _any_of(r"""
    ©|\(c\)|ⓒ|copyright\b|all rights reserved|tous droits réservés|alle rechte vorbehalten
    (?:image|photo|picture|video|foto|bild|crédits?|credits?|imagen|immagine)(?: (?:credit|crédit|by|via))?\s*[:©]
    (?:source|quelle|fuente|fonte)\s*:
""")

_FURNITURE = _any_of(r"""
    advertisement.*|advertising|ad|publicité|anzeige|werbung|pubblicità|publicidad|story continues below.*
    comments?|commentaires?|kommentare|comentarios|commenti|share|partager|teilen|print|print article|order reprints
    tags?|loading|embed|article content|top stories|thank you|sorry!?|read more|lire aussi
    popular|most read|les plus lus|meistgelesen
    (?:reading time|temps de lecture|tempo de leitura|lesezeit|lesedauer)\b.{0,30}
    \d+ ?(?:min|minuten?|minutes?)\.? ?(?:read|de lecture|lesezeit)?
    [\W\d_]*
""")

CALL = re.compile(rf"^\W*(?:{_CALLS})", re.IGNORECASE)
CREDIT = re.compile(rf"^\W*(?:{_CREDITS})", re.IGNORECASE)
# These are the whole of a paragraph, never its beginning.
FURNITURE = re.compile(rf"^\W*(?:{_FURNITURE})$", re.IGNORECASE)
