"""The judge: declarations, evidence and verdicts. It knows no mathematics of any paper."""

from theorylab.claims.barrier import points_inward
from theorylab.claims.bulk import enclosed_in_bulk
from theorylab.claims.claim import Claim, DeclarationError, claim, grid, label
from theorylab.claims.enclosure import ball, enclosed, hull, precision
from theorylab.claims.evidence import at_most, equal, for_all, for_all_equal, identity, positive
from theorylab.claims.finding import Evidence, Finding, Relation, Verdict, all_hold, undecided
from theorylab.claims.flow import Arrival, follow
from theorylab.claims.paper import NotChecked, Paper, Reading, Source
from theorylab.claims.rates import decay, order
from theorylab.claims.sampling import (
    clopper_pearson,
    law_equals,
    ordering,
    rate_at_most,
    rate_between,
    rate_equals,
)

__all__ = [
    "Arrival",
    "Claim",
    "DeclarationError",
    "Evidence",
    "Finding",
    "NotChecked",
    "Paper",
    "Reading",
    "Relation",
    "Source",
    "Verdict",
    "all_hold",
    "at_most",
    "ball",
    "claim",
    "clopper_pearson",
    "decay",
    "enclosed",
    "enclosed_in_bulk",
    "equal",
    "follow",
    "for_all",
    "for_all_equal",
    "grid",
    "hull",
    "identity",
    "label",
    "law_equals",
    "order",
    "ordering",
    "points_inward",
    "positive",
    "precision",
    "rate_at_most",
    "rate_between",
    "rate_equals",
    "undecided",
]
