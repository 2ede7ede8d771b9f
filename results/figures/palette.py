"""One colour and one marker for each family, the same in every figure and table."""

__all__ = ["CONTROL", "FAMILY_COLOURS", "FAMILY_MARKERS", "family_of"]

CONTROL = "control"

# Searched for so that any two are 0.08 apart in OKLab for people without red or green cones and 0.11 for
# others, with a contrast of 3:1 to white. The markers tell families apart without colour.
FAMILY_COLOURS = {
    CONTROL: "#737373",
    "early": "#1860f5",
    "late": "#fe5f2b",
    "hybrid": "#a05a19",
    "bilinear": "#31a854",
    "attention": "#7927b9",
    "gating": "#0198b3",
    "multiple-kernel": "#a8023f",
    "graphical": "#294e02",
    "recurrent": "#184f81",
    "joint": "#5d0544",
    "coordinated": "#f74ec5",
    "co-learning": "#9980fa",
    "custom": "#020795",
}

FAMILY_MARKERS = dict(zip(FAMILY_COLOURS, "XosD^vpPhd<>*H", strict=True))


def family_of(name: str) -> str:
    """Give the family whose colour is used: families that are not known share one.

    Examples
    --------
    >>> family_of("late"), family_of("my-own")
    ('late', 'custom')
    """
    return name if name in FAMILY_COLOURS else "custom"
