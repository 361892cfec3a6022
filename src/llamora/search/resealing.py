"""How this room's rows come into another epoch. Imports nothing heavy: a rotation may be under way
in a process that never searches."""

from llamora.search.recent import RESEAL as QUERIES
from llamora.storage.resealing import Reseal
from llamora.vault import Place, Purpose

PASSAGES = Place("passages", "sealed", Purpose.VECTOR, ("revision",))
SEGMENT = Place("segments", "sealed", Purpose.INDEX, ("revision",))

RESEALS = (
    # A writing's passages go with it; what is left of them after the days follows here.
    Reseal(PASSAGES, of_writings=True),
    Reseal(SEGMENT),
    QUERIES,
)
