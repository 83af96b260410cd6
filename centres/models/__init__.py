from centres.models.joining import AccessRequest, Invitation
from centres.models.news import NewsDigest, NewsReader, Post, PostAudience, VisiblePost
from centres.models.packs import CurrentPack, Pack, PackContent, PackPart
from centres.models.people import Membership, PreparationCentre
from centres.models.questions import StudentQuestion

__all__ = [
    "AccessRequest",
    "CurrentPack",
    "Invitation",
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
