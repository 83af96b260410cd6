from centres.models.news import NewsDigest, NewsReader, Post, PostAudience, VisiblePost
from centres.models.people import Membership, PreparationCentre

__all__ = [
    "Membership",
    "NewsDigest",
    "NewsReader",
    "Post",
    "PostAudience",
    "PreparationCentre",
    "VisiblePost",
]
