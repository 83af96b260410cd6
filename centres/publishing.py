"""What the exams office does with a post: publish it now, take it offline. Planning it is saving its time."""

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.acting import acting
from accounts.models import User
from centres.models import Post

MAY_PUBLISH = "centres.change_post"


def publish_now(post: Post, by: User) -> None:
    """Show the post from this moment on, by the database's clock.

    Raises ValidationError if `by` may not, if it is published already, if its end has passed, and if its text
    is missing in a language.
    """
    with acting(by, MAY_PUBLISH):
        now = _locked(post)
        if now.state == Post.State.PUBLISHED:
            raise ValidationError(_("“%s” is published already.") % now, code="published")
        if now.has_ended:
            raise ValidationError(
                _("The end of “%s” has passed. Give it another end, or none, first.") % now, code="expired"
            )
        if not (now.body_it and now.body_en):
            raise ValidationError(_("“%s” has no text in both languages yet.") % now, code="incomplete")
        Post.objects.filter(pk=now.pk).update(published_at=Now())


def take_offline(post: Post, by: User) -> None:
    """Make the post a draft again, which nobody sees. Raises ValidationError if `by` may not."""
    with acting(by, MAY_PUBLISH):
        Post.objects.filter(pk=_locked(post).pk).update(published_at=None)


def _locked(post: Post) -> Post:
    """The post as it is now, with state and has_ended, until the transaction ends."""
    posts = Post.objects.select_for_update(no_key=True).with_state()
    return posts.annotate(has_ended=Q(expires_at__lte=Now())).get(pk=post.pk)
