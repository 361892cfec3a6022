"""Which words can stand as a label: what names a thing, and is not of all days.

Nothing here parses a sentence. A word's vector says whether it is more like things or more like
acts and manners (English only), its neighbours whether an article stands before it (some European
languages); everything else is counted in the journal by `labels`.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np

from llamora.search.part import F32
from llamora.search.wordllama import word_vectors


def _words(listed: str) -> tuple[str, ...]:
    return tuple(listed.split())


ARTICLES = _words(
    """
    the a an my his her our their your this that these those some any no every each of with in at
    der die das den dem des ein eine einen einem einer mein meine meinen meinem meiner im am le la
    les un une du mon ma mes son sa ses notre de au aux el los las una mi su mis del al il lo gli i
    mio mia della het een mijn os as um uma meu minha
    """
)
"""What stands before a noun more often than before a verb."""

BEFORE_VERBS = _words(
    """
    to i you he she it we they who did do does not will would shall can could may might must never
    ich du er sie es wir ihr zu nicht je tu il elle on nous vous ils elles ne pas yo no
    """
)
"""What stands before a verb more often than before a noun."""

OF_ALL_DAYS = _words(
    """
    today tomorrow yesterday tonight day days week weeks weekend month months year years hour hours
    minute minutes moment morning afternoon evening night noon midnight clock time times monday
    tuesday wednesday thursday friday saturday sunday january february march april may june july
    august september october november december one two three four five six seven eight nine ten
    eleven twelve twenty thirty forty fifty sixty hundred thousand first second third fourth half
    quarter once twice last next mr mrs ms sir dr thing things something anything nothing everything
    everyone everybody someone somebody nobody anyone way lot bit kind sort rest part number while
    hither thither thereof thereby wherein whereby therein thereupon might must shall should would
    could cannot though although upon towards yet else till past whence least betimes through under
    being having there here then now just only even still such both again
    over among between without within before after because when where why what which how heute
    morgen gestern tag tage woche wochen jahr jahre stunde stunden uhr abend nacht montag dienstag
    mittwoch donnerstag freitag samstag sonntag januar februar märz juni juli oktober dezember immer
    wieder etwas nichts alles aujourd'hui hier demain jour jours semaine mois heure heures soir
    matin lundi mardi mercredi jeudi vendredi samedi dimanche chose rien tout toujours hoy ayer
    mañana día días semana mes año hora lunes martes miércoles jueves viernes sábado domingo oggi
    ieri domani giorno settimana anno ora
    今日 昨日 明日 今天 昨天 明天 后来 時間 时间 我们 他们 没有 因为 所以
    """
)
"""What stands in any diary: it is counted as rare only while a journal is young."""

_THINGS = _words(
    """
    apple bread cheese wine dinner breakfast supper soup cake garden river mountain beach lake
    forest dog cat horse bird heron pigeon tree flower rose rain snow storm frost house kitchen roof
    window street church school hospital library office town village london paris train ship boat
    car bicycle bridge money letter book novel poem music song piano violin guitar concert party
    wedding funeral birthday christening child baby boy girl mother father sister brother aunt uncle
    cousin friend wife husband doctor teacher king queen duke captain lord neighbour dentist
    headache fever toothache illness plague war fire fleet navy holiday journey voyage walk meeting
    dream football chess theatre play museum exam sermon anxiety grief anger sleep debt rent
    contract treasurer parliament court prison picture portrait coat shoes hat knife table bed
    bottle clock telescope
    """
)
_OTHERS = _words(
    """
    go went going gone come came coming get got getting make made take took taken give gave keep
    kept bring brought seem seemed find found begin began begun leave left put set do did done say
    said saying tell told think thought know knew known see saw seen look looked want wanted become
    turn turned try tried send sent stay stayed start started finish finished happen happened appear
    appeared resolve resolved intend intended agree agreed endeavour suffer promise promised believe
    hope hoped seeing hearing having being doing speak spoke talked asked showed carried continue
    expect consider decided remember remembered forget discover add added choose drop very quite
    much more most also again often almost together never always ever away down about however
    therefore perhaps certainly indeed really soon late early highly mightily merrily plainly good
    great little long short new old whole other certain able likely hard pretty well ill bad better
    worse full large high considerable possible ready confident glad sorry busy strange particular
    fine due many few several matter reason regard manner sake least account
    """
)
_STIFF = 4.0
"""How little the line between both follows single words (the ridge of a least-squares fit)."""


def is_inflected(word: str) -> bool:
    """Whether an English word has the ending of a verb or an adverb; "wedding" has it too."""
    return len(word) > 5 and word.endswith(("ed", "ing", "ly"))


def thingness(words: Sequence[str]) -> F32:
    """For each English word how much it names a thing: about 1 for those that do, -1 for others."""
    middle, slope = _line()
    return _unit(word_vectors(words) - middle) @ slope


@cache
def _line() -> tuple[F32, F32]:
    """Where the space of words is cut in two, by least squares over the words above."""
    sides = word_vectors(_THINGS), word_vectors(_OTHERS)
    middle = (sides[0].mean(axis=0) + sides[1].mean(axis=0)) / 2
    known = _unit(np.concatenate(sides) - middle)
    side = np.repeat([1.0, -1.0], [len(_THINGS), len(_OTHERS)])
    inner = known @ known.T + _STIFF * np.eye(len(known))
    return middle, (known.T @ np.linalg.solve(inner, side)).astype(np.float32)


def _unit(rows: F32) -> F32:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(norms > 0, norms, 1)).astype(np.float32, copy=False)
