from centres.models.people import Membership, PreparationCentre

__all__ = ["Membership", "PreparationCentre"]
