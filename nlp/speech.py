"""The words with which languages report speech: verbs of saying, words that ascribe, people without a name."""

import re
from dataclasses import dataclass
from functools import cache

_NEVER = r"(?!)"


@dataclass(frozen=True, slots=True)
class Grammar:
    """How a language reports speech; each field is the source of a regular expression.

    says: a verb of saying in a finite form, before or after its subject. judges: verbs that frame a few words in marks without
    being verbs of saying. negated: what before a verb turns it into its contrary or a mere possibility. noun: what before a
    verb of saying shows that it is a noun ("the report that"). nobody: subjects who report nothing.

    that: what opens a reported clause, with the space before it; not_that: what behind it shows that it is a pronoun ("says that
    would hurt"). between: what begins a time or place between a verb and its clause ("a écrit lundi sur X que"). bare: verbs
    whose clause needs no opening word, with a look at how such a clause begins. infinitive: an infinitive that stands for a
    clause. denies: verbs of denial, with a look at what is denied; they belong to what is reported, which says the contrary
    without them.

    according: what ascribes the clause it stands in; nor_according: what behind it ascribes to nobody. spokesperson: who speaks
    for a house. plural: what opens people of a house, who speak for it together. report: papers that speak for who wrote them.
    house: nouns that stand for an organisation named before. he, she: pronouns.
    """

    says: str
    that: str
    according: str
    judges: str = _NEVER
    negated: str = _NEVER
    noun: str = _NEVER
    nobody: str = _NEVER
    not_that: str = _NEVER
    between: str = _NEVER
    bare: str = _NEVER
    infinitive: str = _NEVER
    denies: str = _NEVER
    nor_according: str = _NEVER
    spokesperson: str = _NEVER
    plural: str = _NEVER
    report: str = _NEVER
    house: str = _NEVER
    he: str = _NEVER
    she: str = _NEVER


def _any(words: str, *, ending: str = "") -> str:
    """One of several words, the longest first; an underscore stands for white space."""
    ordered = sorted((word.replace("_", r"\s+") for word in words.split()), key=len, reverse=True)
    return f"(?:{'|'.join(ordered)}){ending}"


# Verbs in -er without their ending, in the present and as a participle.
_FR_STEMS = """
    affirm expliqu estim assur ajout soulign confi regrett résum précis indiqu déclar jug not racont rétorqu nuanc annonc object
    insist lâch lanc tranch déplor constat comment souffl calcul avou jur témoign plaid dénonc répliqu pens observ ironis
    détaill critiqu gliss murmur argument signal confirm analys lament tonn rassur reproch cit tweet
"""
_FR_PRESENT_STEMS = f"{_FR_STEMS} tempèr rappell considèr complèt martèl suggèr"
_FR_PARTICIPLES = f"{_FR_STEMS} tempér rappel considér complét martel suggér"
_FR_PRESENT = _any(
    """
    dit disent soutient soutiennent prévient préviennent répond répondent reconnaît reconnaissent admet admettent écrit écrivent
    prétend prétendent promet promettent maintient maintiennent croit croient sourit poursuit poursuivent reprend conclut
    concluent convient prédit avertit avertissent souvient souviennent inquiète plaint interroge défend
    """
)
_FR_PAST = _any(
    """
    dit soutenu prévenu répondu reconnu admis écrit prétendu promis maintenu poursuivi repris conclu convenu averti posté
    fait_savoir fait_valoir
    """
)
_FR_ADVERB = r"(?:(?:\w+ement|aussi|toutefois|également|ensuite|encore|déjà|même|ainsi|lui|d['’]ailleurs)\s+)?"
_FR_SAYS = (
    r"(?:(?:se|s['’]|lui|leur|me|nous)\s*)?(?:"
    rf"(?:a|ont|avait|avaient)(?:-t-(?:il|elle|on)|-(?:ils|elles))?\s+"
    rf"{_FR_ADVERB}(?:{_any(_FR_PARTICIPLES, ending='é')}|{_FR_PAST})"
    rf"|(?:fait|font)\s+(?:savoir|valoir)"
    rf"|(?:{_any(_FR_PRESENT_STEMS, ending='e(?:nt)?')}|{_FR_PRESENT})(?:-t-(?:il|elle)|-(?:il|elle)s?)?)"
)
# Nouns end like infinitives ("l'ouverture", "la mémoire"): of those in -re the common ones are named.
_FR_INFINITIVE = r"(?:\w+(?:er|ir|ndre|rdre|uire)(?<!cher)(?<!ier)|" + _any(
    """
    être faire dire écrire lire mettre permettre admettre vivre suivre poursuivre connaître reconnaître croire exclure conclure
    battre rompre vaincre convaincre
    """,
    ending=")",
)
_FR_BEFORE_INFINITIVE = r"(?:ne\s+(?:(?:pas|plus|rien|jamais)\s+)?)?(?:(?:se|le|la|les|en|y|lui|leur)\s+|[lsn]['’])?"
# Behind « promis de », « s'engage à » the ending is enough.
_FR_TO_DO = rf"{_FR_BEFORE_INFINITIVE}[^\W\d_]+(?:er|ir|re)\b"
_FR_HAS = rf"(?:a|ont|avait|avaient)\s+{_FR_ADVERB}"
# « a promis de publier », « s'engage à publier », « se dit prête à publier »
_FR_BARE = (
    rf"(?:{_FR_HAS}(?:promis|juré)|promet(?:tent)?|jure(?:nt)?)\s+d(?:e\s+|['’])(?={_FR_TO_DO})"
    rf"|(?:s['’]engage(?:nt)?|s['’]est\s+engagée?|se\s+sont\s+engagée?s)\s+à\s+(?={_FR_TO_DO})"
    r"|se\s+di(?:t|sent)\s+(?=(?!qu)[^\W\d_]+\s+(?:à|de|des|du|par|que|d['’]|qu['’]))"
)
_FR_DENIES = (
    rf"(?:{_FR_HAS}(?:nié|démenti|contesté|réfuté)|nie(?:nt)?|dément(?:ent)?|conteste(?:nt)?|réfute(?:nt)?"
    r"|se\s+défend(?:ent)?|s['’]est\s+défendue?|se\s+sont\s+défendue?s)"
    rf"\s+(?=qu(?:e\s|['’])|{_FR_BEFORE_INFINITIVE}{_FR_INFINITIVE}\b|(?:de\s+|d['’]){_FR_TO_DO})"
)

_EN_PAST = _any(
    """
    add explain warn argu claim insist conced recall complain object admitt acknowledg repli counter comment laugh sigh promis
    announc conclud continu declar observ maintain contend assert confirm report testifi quipp jok caution not stat estimat
    believ reckon predict respond remark lament recount
    """,
    ending="ed",
)
_EN_PRESENT = _any(
    """
    say tell add explain warn argue claim insist concede recall complain object admit acknowledge counter comment laugh announce
    conclude continue declare observe maintain contend assert confirm report caution note state estimate believe reckon think
    predict write respond remark
    """,
    ending="s?",
)
# Who is told: a pronoun, a name, people (reporters), a body (the court).
_EN_LISTENERS = (
    r"(?:us|me|him|her|them|parliament|congress|[a-z]+s|(?:the\s+)?[A-Z][\w’'-]+(?:\s+[A-Z][\w’'-]+){0,3}"
    r"|(?:the|this|an?|its|his|her|their)\s+(?:(?!(?:that|who|which|the|he|she|it|they|and|or)\b)[\w’'-]+\s+){0,3}?"
    r"(?!(?:that|who|which|the|he|she|it|they|and|or|of|in|on|at|to|for|by|with)\b)[a-z][\w’'-]+)"
)
_EN_BARE = _any("said says say thought thinks think believes believe insists insist insisted argues argue argued reckons reckon")
# These take objects as well ("claimed a record", "estimates a loss").
_EN_BARE_OR_OBJECT = _any(
    """
    claims claim claimed adds add added estimates estimate admits admitted acknowledges acknowledged concedes conceded warns
    warned
    """
)
# A clause without "that" begins with a pronoun, a determiner, a name, or soon comes to its verb.
_EN_PRONOUN = r"(?:he|she|it|they|we|I|there)\s(?!(?:and|or|to|in|with|on|as|at|for|again)\b)"
_EN_DETERMINER = r"(?:this|these|those|the|a|an|its|his|her|their|our|my|some|most|many|no|users)\s"
_EN_NAME = r"[A-Z][\w’'-]+\s(?!(?:on|in|at|that)\b)"
_EN_AUXILIARY = _any("is are was were has have had will would can could must may might should does did cannot")
_EN_SOON = rf"(?!that\b|us\b|me\b|him\b|them\b)\w+\s(?:\w+\s)?{_EN_AUXILIARY}\s"
_EN_CLAUSE = rf"{_EN_PRONOUN}|{_EN_DETERMINER}|{_EN_NAME}|{_EN_SOON}"
_EN_VERB = (
    rf"(?:{_EN_AUXILIARY}|\w+n['’]t|\w{{3,}}ed(?!\s+(?:by|on|from)\b)|"
    + _any(
        """
        made fell rose took gave went came beat lost won grew held kept meant saw sold spent needs costs works makes uses buys
        sells gives takes remains runs wants plans lacks faces seems means knows helps keeps brings goes comes gets holds shows
        """,
        ending=")",
    )
    + r"\b"
)
# Behind a noun that may be an object.
_EN_VERB_FOLLOWS = (
    r"(?:(?!(?:that|which|who|it|he|she|they|we|and|as|after|before|when|while|because|since)\b)[\w’'-]+\s+){1,6}?" + _EN_VERB
)
_EN_CLAUSE_OR_OBJECT = rf"{_EN_PRONOUN}|{_EN_SOON}|(?={_EN_DETERMINER}|{_EN_NAME}){_EN_VERB_FOLLOWS}"
_EN_CLAUSE_TOLD = rf"{_EN_PRONOUN}|{_EN_SOON}|{_EN_DETERMINER}|(?={_EN_NAME}){_EN_VERB_FOLLOWS}"
_EN_TOLD = rf"told\s+{_EN_LISTENERS}"
_EN_DENIES = (
    r"den(?:y|ies|ied)\s+(?=that\s|(?:ever\s+|any\s+)?(?!(?:funding|financing|planning|building|housing|hearing)\b)\w{2,}ing\b|"
    rf"{_EN_CLAUSE_OR_OBJECT})"
)
_EN_SAYS = rf"(?:said|{_EN_TOLD}|told|wrote|thought|{_EN_PAST}|{_EN_PRESENT}|repl(?:y|ies)|testif(?:y|ies))"

_DE_SAYS = _any(
    """
    sagte sagt erklärte erklärt warnte warnt betonte betont meinte meint klagte klagt schrieb schreibt räumt räumte versichert
    versicherte berichtete berichtet behauptet behauptete
    """
)
_ES_SAYS = _any(
    """
    dijo dice dicen afirmó afirma explicó explica advirtió advierte señaló señala añadió añade cuenta contó lamenta lamentó
    resume ironiza zanja aseguró asegura sostiene sostuvo declaró declara reconoció reconoce subrayó subraya escribió escribe
    """
)
_ES_PERFECT = _any("dicho afirmado explicado advertido señalado añadido asegurado declarado reconocido")
_IT_SAYS = _any(
    """
    disse dice dicono afferma affermano spiega spiegano avverte avvertono sostiene sostengono dichiara dichiarano racconta
    lamenta aggiunge aggiungono assicura scrive osserva ammette conferma confermano scherza chiede premette
    """
)
_IT_PERFECT = _any("detto affermato spiegato avvertito sostenuto dichiarato raccontato aggiunto assicurato scritto ammesso")

_GRAMMARS = {
    "fr": Grammar(
        says=_FR_SAYS,
        that=r"\s+qu(?:e\s+|['’]\s?)",
        according=r"(?:[Ss]elon|[Dd]['’]après|[ÀAà]\s+en\s+croire|(?:[Dd]e\s+l['’]avis|[Aa]ux\s+dires)\s+(?:d(?:e|u|es)\b|d['’]))",
        judges=r"(?:voit|voient|dénonc\w+|fustig\w+|qualifi\w+|parle\w*|évoqu\w+|accus\w+|réclam\w+|se\s+di(?:t|sent)|crai(?:nt|gnent)|"
        r"y\s+a\s+vu|appell\w+)",
        negated=r"(?:\bne\s+|\bn['’]\s?)(?:(?:lui|leur|se|s['’])\s*)?|\b(?:pas|jamais|rien|plus|guère|sans)\s+",
        noun=r"(?:\b(?:la|le|les|une?|sa|son|ses|leurs?|cette|ce|ces|des|du|de|à|au|aux|qu[ei]|quelle?|aucune?)\s+|\b[ldLD]['’]|\bqu['’])",
        nobody=r"(?:\b[Oo]n|\b[Jj]e|\b[JjNn]['’]|\b[Nn]ous|\b[Vv]ous|\b[Tt]u|\b[Pp]roverbe|\bça|\b[Cc]e(?:la)?|\bqu['’]on)",
        between=_any(
            "sur à au aux dans en lors devant ce cette hier lundi mardi mercredi jeudi vendredi samedi dimanche aussi également "
            r"toutefois \w+ment"
        ),
        bare=_FR_BARE,
        infinitive=rf"{_FR_BEFORE_INFINITIVE}{_FR_INFINITIVE}\b",
        denies=_FR_DENIES,
        nor_according=r"(?:nous\b|tous\b|nos\b|moi\b|notre\b|que\b|qu['’]|l['’](?:usage|heure|âge)|le\s+paradoxe|"
        r"les?\s+(?:cas|pays|modèles?|versions?|besoins?)\b)",
        spokesperson=r"porte-parole",
        plural=r"(?:[Ll]es|[Dd]es|[Ss]es|[Cc]es)",
        report=_any("étude rapport enquête note communiqué sondage estimations? chiffres analyse baromètre données informations"),
        house=_any(
            "régulateur gendarme autorité commission agence entreprise société groupe éditeur institution start-up jeune_pousse "
            "firme cabinet banque"
        ),
        he=r"(?:[Ii]l|[Ll]ui)",
        she=r"[Ee]lle",
    ),
    "en": Grammar(
        says=_EN_SAYS,
        that=r"\s+that\s+",
        according=r"(?:[Aa]ccording\s+to|(?<=,\s)per(?=\s+(?:the\s+)?[A-Z][\w’'-]+(?:\s+[A-Z][\w’'-]+){0,3}\s*[.,;]))",
        judges=r"(?:call\w*|accus\w+|describ\w+|dismiss\w+|prais\w+|blast\w*|label\w+|denounc\w+|brand\w+|demand\w*|sp(?:oke|eaks?)\s+of)",
        negated=r"(?:\b(?:not|never|nor|to|would|could|might|may|should|will|cannot|without|was|were|been)|n['’]t)\s+(?:\w+ly\s+)?",
        noun=r"\b(?:the|an?|its|his|her|their|this|that|these|those|of|no|any|every|other|who)\s+",
        nobody=r"(?:\bI|\b[Ww]e|\b[Yy]ou|\b[Pp]eople|\b[Ss]aying|\b[Ii]t\s+is|\b[Nn]obody|\b[Nn]o\s+one|\b[Ww]ho|\b[Nn]ot\s+\w+)",
        not_that=r"(?:would|will|is|was|could|may|might|has|had)\b",
        between=_any(
            r"""
            on in at to during late last this yesterday today earlier later again also \w+ly after before when while as following
            from via through with ahead Monday Tuesday Wednesday Thursday Friday Saturday Sunday
            """
        ),
        bare=rf"{_EN_BARE}\s+(?={_EN_CLAUSE})|{_EN_TOLD}\s+(?={_EN_CLAUSE_TOLD})"
        rf"|{_EN_BARE_OR_OBJECT}\s+(?={_EN_CLAUSE_OR_OBJECT})",
        denies=_EN_DENIES,
        nor_according=r"(?:when|how|whether|what|which|who|plan|size|our|us|me|my)\b",
        spokesperson=r"spokes(?:person|man|woman|people)",
        plural=r"(?:[Rr]esearchers|[Aa]nalysts|[Ee]ngineers|[Ss]cientists|[Oo]fficials|[Ee]xecutives|[Ll]awyers|[Ee]conomists|[Ee]xperts)",
        report=_any("report study survey analysis figures data note estimates? poll statement documents?"),
        house=_any("regulator watchdog authority commission agency company firm startup start-up group bank lab publisher"),
        he=r"(?:[Hh]e|[Hh]im)",
        she=r"(?:[Ss]he|[Hh]er)",
    ),
    "de": Grammar(
        says=_DE_SAYS,
        that=r",\s+dass\s+",
        denies=r"(?:bestreite[tn]|bestritt(?:en)?|dementier(?:t|te|ten|en)|leugne(?:t|te|ten|n)),\s+(?=dass\b|[^.!?;]{3,200}\bzu\s)",
        according=r"(?:[Ll]aut|[Nn]ach\s+Angaben\s+(?:von|der|des))",
        judges=r"(?:spricht|sprechen|nennt|nennen|kritisiert|bezeichnet)",
        negated=r"\b(?:nicht|nie|kein|keine)\s+",
        nobody=r"\b(?:man|ich|wir)",
        spokesperson=r"Sprecher(?:in)?",
        he=r"[Ee]r",
    ),
    "es": Grammar(
        says=rf"(?:{_ES_SAYS}|ha(?:n)?\s+{_ES_PERFECT})",
        that=r"\s+que\s+",
        denies=r"(?:niegan?|negó|negaron|desmienten?|desmintió|desmintieron|han?\s+(?:negado|desmentido))\s+"
        r"(?=que\s|\w+(?:ar|er|ir)(?:se)?\b)",
        according=r"[Ss]egún",
        judges=r"(?:habla|hablan|califica|acusa|denuncia)",
        negated=r"\b(?:[Nn]o|[Nn]unca)\s+",
        nobody=r"\b(?:se|yo|nosotros)",
        spokesperson=r"portavoz",
        he=r"[Éé]l",
        she=r"[Ee]lla",
    ),
    "it": Grammar(
        says=rf"(?:{_IT_SAYS}|ha(?:nno)?\s+{_IT_PERFECT})",
        that=r"\s+ch(?:e\s+|['’])",
        denies=r"(?:nega(?:no)?|negò|smenti(?:sce|scono)|ha(?:nno)?\s+(?:negato|smentito))\s+(?=ch(?:e\s|['’])|di\s+\w+r(?:e|si)?\b)",
        according=r"[Ss]econdo",
        judges=r"(?:parla|parlano|definisce|ha\s+definito|accusa|denuncia)",
        negated=r"\b(?:[Nn]on|mai)\s+",
        nobody=r"\b(?:si|io|noi)",
        spokesperson=r"portavoce",
        he=r"[Ll]ui",
        she=r"[Ll]ei",
    ),
}
_OTHERS = Grammar(says=_NEVER, that=_NEVER, according=_NEVER)


@dataclass(frozen=True, slots=True)
class Speech:
    """The patterns of a language, made of its :class:`Grammar`.

    says, judges: verbs, as whole words. reported: a verb and what opens its clause; its group "denial" is a verb that belongs to
    the clause. according: what ascribes. negated, nobody: asked of the words before a verb.
    """

    grammar: Grammar
    says: re.Pattern[str]
    judges: re.Pattern[str]
    reported: re.Pattern[str]
    according: re.Pattern[str]
    negated: re.Pattern[str]
    nobody: re.Pattern[str]


@cache
def speech_of(language: str) -> Speech:
    """The patterns of a language; one that has no grammar here matches nothing, so that its marks speak alone."""
    grammar = _GRAMMARS.get(language, _OTHERS)
    says = grammar.says
    return Speech(
        grammar,
        says=re.compile(rf"\b{says}(?!\w)"),
        judges=re.compile(rf"\b{grammar.judges}\b"),
        reported=re.compile(
            rf"\b(?:(?P<denial>{grammar.denies})|{grammar.bare}|{says}\s+(?={grammar.infinitive})"
            rf"|{says}(?:\s+{grammar.between}(?:\s+[^\s,;:]+){{0,5}}?)?{grammar.that}(?!{grammar.not_that}))"
        ),
        according=re.compile(rf"(?<!\w){grammar.according}(?:\s+|(?<=['’]))(?!{grammar.nor_according})"),
        negated=re.compile(rf"(?:{grammar.negated}|{grammar.noun})$"),
        nobody=re.compile(rf"{grammar.nobody}\s*$"),
    )
