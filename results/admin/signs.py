"""A sign for each state of a release, beside its words: nobody needs to see the colour."""

from results.standing import State

SIGNS = {
    State.DRAFT: "○",
    State.HALF_APPROVED: "◐",
    State.APPROVED: "✓",
    State.OPEN_FOR_CENTRES: "▶",
    State.OPEN_FOR_CANDIDATES: "▶",
    State.OPEN: "▶",
    State.STOPPED: "■",
}
