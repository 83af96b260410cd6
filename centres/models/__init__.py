from centres.models.joining import AccessRequest, Invitation
from centres.models.material import Download, Kind, Material, MaterialVisit
from centres.models.news import NewsDigest, NewsReader, Post, PostAudience, VisiblePost
from centres.models.packs import CurrentPack, Pack, PackContent, PackPart
from centres.models.people import Membership, PreparationCentre
from centres.models.questions import StudentQuestion

__all__ = [
    "AccessRequest",
    "CurrentPack",
    "Download",
    "Invitation",
    "Kind",
    "Material",
    "MaterialVisit",
    "Membership",
    "NewsDigest",
    "NewsReader",
    "Pack",
    "PackContent",
    "PackPart",
    "Post",
    "PostAudience",
    "PreparationCentre",
    "StudentQuestion",
    "VisiblePost",
]
