from centres.models.material import Download, Kind, Material, MaterialVisit
from centres.models.people import Membership, PreparationCentre

__all__ = ["Download", "Kind", "Material", "MaterialVisit", "Membership", "PreparationCentre"]
