"""Signs a person in by the one way that asks for everything an account asks for."""

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from django.http import HttpRequest, HttpResponse

from clinic.models import User


def sign_in(request: HttpRequest, user: User, redirect_url: str) -> HttpResponse:
    """The person has given, or just chosen, the right password."""
    login = Login(user=user, redirect_url=redirect_url)
    answer: HttpResponse = perform_password_login(request, {"username": user.username}, login)
    return answer
