from centres.models.joining import AccessRequest, Invitation
from centres.models.people import Membership, PreparationCentre

__all__ = ["AccessRequest", "Invitation", "Membership", "PreparationCentre"]
