from centres.models.packs import CurrentPack, Pack, PackContent, PackPart
from centres.models.people import Membership, PreparationCentre

__all__ = ["CurrentPack", "Membership", "Pack", "PackContent", "PackPart", "PreparationCentre"]
