from centres.models.people import Membership, PreparationCentre
from centres.models.questions import StudentQuestion

__all__ = ["Membership", "PreparationCentre", "StudentQuestion"]
