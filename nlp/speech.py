"""The words with which languages report speech: verbs of saying, words that ascribe, people without a name."""

import re
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Grammar:
    """How a language reports speech; each field is the source of a regular expression.

    says: a verb of saying in a finite form, before or after its subject. that: what opens a reported clause.
    bare_clause: how a reported clause begins that no word opens. infinitive: an infinitive that stands for a clause.
    according: what ascribes the clause it stands in. judges: verbs that frame a few words in marks, without being verbs of saying.
    negated: what before a verb turns it into its contrary or a mere possibility. spokesperson: who speaks for a house.
    plural: people of a house who speak for it together. report: papers that speak for who wrote them. nobody: subjects who say nothing.
    he, she: pronouns. house: nouns that stand for an organisation named before.
    """

    says: str
    that: str
    according: str
    bare_clause: str = r"(?!)"
    infinitive: str = r"(?!)"
    judges: str = r"(?!)"
    negated: str = r"(?!)"
    spokesperson: str = r"(?!)"
    plural: str = r"(?!)"
    report: str = r"(?!)"
    nobody: str = r"(?!)"
    he: str = r"(?!)"
    she: str = r"(?!)"
    house: str = r"(?!)"


def _any(words: str) -> str:
    return "(?:" + "|".join(sorted(words.split(), key=len, reverse=True)) + ")"


_FR_ER = (
    "affirm expliqu estim assur ajout soulign confi regrett résum précis indiqu déclar jug not racont rétorqu nuanc tempèr rappell annonc "
    "object insist lâch lanc tranch déplor constat martèl comment souffl calcul avou jur témoign plaid dénonc répliqu pens considèr observ "
    "ironis détaill critiqu gliss murmur argument signal confirm analys complèt lament prédis tonn rassur explicit tonn sugg reproch cit"
)
_FR_PARTICIPLES = (
    _FR_ER.replace("rappell", "rappel").replace("tempèr", "tempér").replace("considèr", "considér").replace("complèt", "complét")
)
_FR_PRESENT = (
    "dit disent soutient soutiennent prévient préviennent répond répondent reconnaît reconnaissent admet admettent écrit écrivent "
    "prétend prétendent promet promettent maintient maintiennent croit croient sourit poursuit poursuivent reprend conclut concluent "
    "convient déplore prédit avertit avertissent "
)
_FR_PAST = "dit soutenu prévenu répondu reconnu admis écrit prétendu promis maintenu poursuivi repris conclu convenu fait\\s+savoir fait\\s+valoir averti"
_FR_BETWEEN = r"(?:(?:\w+ement|aussi|toutefois|également|ensuite|encore|déjà|même|ainsi|lui|d['’]ailleurs)\s+)?"
_FR_SAYS = (
    r"(?:(?:se|s['’]|lui|leur|me|nous)\s*)?(?:"
    rf"(?:a|ont|avait|avaient)(?:-t-(?:il|elle|on)|-(?:ils|elles))?\s+{_FR_BETWEEN}"
    rf"(?:{_any(' '.join(stem + 'é' for stem in _FR_PARTICIPLES.split()))}|{_any(_FR_PAST)})"
    rf"|(?:fait|font)\s+(?:savoir|valoir)"
    rf"|(?:{_any(' '.join(f'{stem}e {stem}ent' for stem in _FR_ER.split()))}|{_any(_FR_PRESENT)}|souvient|souviennent|inquiète|plaint|interroge|défend)"
    r"(?:-t-(?:il|elle)|-(?:il|elle)s?)?)"
)

_EN_PAST_OF_ED = (
    "add explain warn argu claim insist conced recall complain object admitt acknowledg repli counter comment laugh sigh promis announc "
    "conclud continu declar observ maintain contend assert confirm report testifi quipp jok caution not stat estimat believ reckon predict "
    "respond joke remark lament recount explain"
)
_EN_PRESENT = (
    "say says tell tells add adds explain explains warn warns argue argues claim claims insist insists concede concedes recall recalls "
    "complain complains object objects admit admits acknowledge acknowledges reply replies counter counters comment comments laugh laughs "
    "announce announces conclude concludes continue continues declare declares observe observes maintain maintains contend contends "
    "assert asserts confirm confirms report reports testify testifies caution cautions note notes state states estimate estimates "
    "believe believes reckon reckons think thinks predict predicts write writes respond responds remark remarks"
)
_EN_SAYS = rf"(?:said|told|wrote|thought|{_any(' '.join(stem + 'ed' for stem in _EN_PAST_OF_ED.split()))}|{_any(_EN_PRESENT)})"

_GRAMMARS = {
    "fr": Grammar(
        says=_FR_SAYS,
        that=r"qu(?:e\s+|['’]\s?)",
        infinitive=r"(?:ne\s+(?:pas\s+|plus\s+)?)?(?:(?:se|le|la|les|en|y|lui|leur)\s+|[lsn]['’])?(?!cher\b|premier|dernier|hier\b)\w+(?:er|ir|oir|re)\b",
        according=r"(?:[Ss]elon|[Dd]['’]après|[ÀA] en croire|à en croire)",
        judges=r"(?:voit|voient|dénonc\w+|fustig\w+|qualifi\w+|parle\w*|évoqu\w+|accus\w+|réclam\w+|se\s+di(?:t|sent)|craint|craignent|y\s+a\s+vu|appell\w+)",
        negated=r"(?:\bne\s+|\bn['’]\s?)(?:(?:lui|leur|se|s['’])\s*)?|\b(?:pas|jamais|rien|plus|guère|sans)\s+",
        spokesperson=r"porte-parole",
        plural=r"(?:[Ll]es|[Dd]es|[Ss]es|[Cc]es)",
        report=r"(?:étude|rapport|enquête|note|communiqué|sondage|estimations?|chiffres|analyse|baromètre|données|informations)",
        nobody=r"(?:\b[Oo]n|\b[Jj]e|\b[JjNn]['’]|\b[Nn]ous|\b[Vv]ous|\b[Tt]u|\b[Pp]roverbe|\bça|\b[Cc]e(?:la)?|\bqu['’]on)",
        he=r"(?:[Ii]l|[Ll]ui)",
        she=r"[Ee]lle",
        house=r"(?:régulateur|gendarme|autorité|commission|agence|entreprise|société|groupe|éditeur|institution|start-up|jeune pousse|firme|cabinet|banque)",
    ),
    "en": Grammar(
        says=_EN_SAYS,
        that=r"that\s+",
        bare_clause=r"(?:he|she|it|they|we|I|there|this|that|these|those|the|a|an|its|his|her|their|our|my|some|most|many|no|users|[A-Z][\w’'-]+)\s|\w+\s(?:\w+\s)?(?:is|are|was|were|has|have|had|will|would|can|could|must)\s",
        according=r"(?:[Aa]ccording\s+to)",
        judges=r"(?:call\w*|accus\w+|describ\w+|dismiss\w+|prais\w+|blast\w*|label\w+|denounc\w+|brand\w+|demand\w*|spoke\s+of|speaks?\s+of)",
        negated=r"(?:\bnot|n['’]t|\bnever|\bnor|\bto|\bwould|\bcould|\bmight|\bmay|\bshould|\bwill|\bcannot|\bwithout)\s+(?:\w+ly\s+)?",
        spokesperson=r"spokes(?:person|man|woman|people)",
        plural=r"(?:[Rr]esearchers|[Aa]nalysts|[Ee]ngineers|[Ss]cientists|[Oo]fficials|[Ee]xecutives|[Ll]awyers|[Ee]conomists|[Ee]xperts)",
        report=r"(?:report|study|survey|analysis|figures|data|note|estimates?|poll|statement|documents?)",
        nobody=r"(?:\bI|\b[Ww]e|\b[Yy]ou|\b[Pp]eople|\b[Ss]aying|\b[Ii]t\s+is|\b[Nn]obody|\b[Nn]o\s+one|\b[Ww]ho|\b[Nn]ot\s+\w+)",
        he=r"(?:[Hh]e|[Hh]im)",
        she=r"(?:[Ss]he|[Hh]er)",
        house=r"(?:regulator|watchdog|authority|commission|agency|company|firm|startup|start-up|group|bank|lab|publisher)",
    ),
    "de": Grammar(
        says=_any(
            "sagte sagt erklärte erklärt warnte warnt betonte betont meinte meint klagte klagt schrieb schreibt berichtete berichtet "
            "behauptet behauptete teilte"
        ),
        that=r"dass\s+",
        according=r"(?:[Ll]aut|[Nn]ach\s+Angaben\s+(?:von|der|des))",
        negated=r"\b(?:nicht|nie|kein|keine)\s+",
        spokesperson=r"Sprecher(?:in)?",
        nobody=r"\b(?:man|ich|wir)",
        he=r"[Ee]r",
        she=r"(?!)",
    ),
    "es": Grammar(
        says=r"(?:"
        + _any(
            "dijo dice dicen afirmó afirma explicó explica advirtió advierte señaló señala añadió añade cuenta contó lamenta lamentó aseguró "
            "asegura sostiene sostuvo declaró declara reconoció reconoce subrayó subraya escribió escribe"
        )
        + r"|h[ae]n?\s+(?:dicho|afirmado|explicado|advertido|señalado|añadido|asegurado|declarado|reconocido))",
        that=r"que\s+",
        according=r"(?:[Ss]egún)",
        negated=r"\b(?:[Nn]o|[Nn]unca)\s+",
        spokesperson=r"portavoz",
        nobody=r"\b(?:se|yo|nosotros)",
        he=r"[Éé]l",
        she=r"[Ee]lla",
    ),
    "it": Grammar(
        says=r"(?:"
        + _any(
            "disse dice dicono afferma affermano spiega spiegano avverte avvertono sostiene sostengono dichiara dichiarano racconta lamenta "
            "aggiunge aggiungono assicura scrive osserva ammette"
        )
        + r"|h(?:a|anno)\s+(?:detto|affermato|spiegato|avvertito|sostenuto|dichiarato|raccontato|aggiunto|assicurato|scritto|ammesso))",
        that=r"ch(?:e\s+|['’])",
        according=r"(?:[Ss]econdo)",
        negated=r"\b(?:[Nn]on|mai)\s+",
        spokesperson=r"portavoce",
        nobody=r"\b(?:si|io|noi)",
        he=r"[Ll]ui",
        she=r"[Ll]ei",
    ),
}  # fmt: skip
_OTHERS = Grammar(says=r"(?!)", that=r"(?!)", according=r"(?!)")


@dataclass(frozen=True, slots=True)
class Speech:
    """The patterns of a language, made of its :class:`Grammar`; see :mod:`nlp.quotes` for what each is asked."""

    grammar: Grammar
    says: re.Pattern[str]
    reported: re.Pattern[str]
    according: re.Pattern[str]
    judges: re.Pattern[str]
    negated: re.Pattern[str]
    nobody: re.Pattern[str]


@cache
def speech_of(language: str) -> Speech:
    """The patterns of a language; one that has no grammar here matches nothing, so that its marks speak alone."""
    grammar = _GRAMMARS.get(language, _OTHERS)
    # Up to six words stand between a verb and its clause: "a écrit lundi sur X que", "told reporters in Paris that".
    reported = (
        rf"\b{grammar.says}(?:(?:\s+[^\s,;:]+){{0,6}}?\s+{grammar.that}|\s+(?={grammar.bare_clause})|\s+(?={grammar.infinitive}))"
    )
    return Speech(
        grammar,
        says=re.compile(rf"\b{grammar.says}(?!\w)"),
        reported=re.compile(reported),
        according=re.compile(rf"(?<!\w){grammar.according}\s+"),
        judges=re.compile(rf"\b{grammar.judges}\b"),
        negated=re.compile(rf"{grammar.negated}$"),
        nobody=re.compile(rf"{grammar.nobody}\s*$"),
    )
