"""Who may be signed in on this face."""

from django.conf import settings
from django.contrib.auth.backends import ModelBackend

from accounts.models import Face, User


class FaceBackend(ModelBackend):
    """Django's backend, for the accounts of this process's face alone.

    The form has looked up whose the name is (accounts.forms.SignInForm): who guesses at a candidate with
    several ID Numbers is counted once. An unknown name costs one hash, as a wrong password does. On the
    public faces the database refuses other faces' accounts too (row-level security, accounts/migrations).
    """

    def authenticate(self, request, username=None, password=None, account: User | None = None) -> User | None:
        """The account, if the password is its own; account: whose the username is, None for nobody's."""
        if password is None:
            return None
        if account is None:
            User().set_password(password)
            return None
        may = account.check_password(password) and self.user_can_authenticate(account)
        return account if may else None

    def get_user(self, user_id) -> User | None:
        """Who is signed in; a candidate with `exams`, how many the account has, in the same query."""
        users = User.objects.all()
        if settings.PORTAL_FACE == Face.CANDIDATES:
            users = users.with_number_of_exams()
        user = users.filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None

    def user_can_authenticate(self, user) -> bool:
        return user.face == settings.PORTAL_FACE and super().user_can_authenticate(user)
