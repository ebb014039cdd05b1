"""Addresses of signing in and out."""

from allauth.account.views import reauthenticate
from allauth.socialaccount.views import login_cancelled
from django.urls import include, path

from clinic import views
from clinic.accounts import link_views, oidc

urlpatterns = [
    path("", views.home, name="home"),
    path("sign-in/", views.SignInView.as_view(), name="sign_in"),
    path("sign-in/", views.SignInView.as_view(), name="account_login"),  # what django-allauth calls it
    path("sign-in/again/", reauthenticate, name="account_reauthenticate"),
    path("sign-in/forgotten/", link_views.ForgottenPasswordView.as_view(), name="forgotten_password"),
    path(
        "sign-in/forgotten/<uidb64>/<token>/",
        link_views.ForgottenChooseView.as_view(),
        name="forgotten_password_choose",
    ),
    path("sso/<slug:provider_id>/login/", oidc.begin_sign_on, name="openid_connect_login"),
    path("sso/<slug:provider_id>/login/callback/", oidc.end_sign_on, name="openid_connect_callback"),
    path("sso/stopped/", login_cancelled, name="socialaccount_login_cancelled"),
    path("keys/", views.keyboard_shortcuts, name="keyboard_shortcuts"),
    path("password/", views.ChangePasswordView.as_view(), name="password_change"),
    path("sessions/", views.SessionsView.as_view(), name="sessions"),
    path("second-factor/", include("allauth.mfa.urls")),
    path("sign-out/", views.SignOutView.as_view(), name="sign_out"),
    path("sign-out/", views.SignOutView.as_view(), name="account_logout"),  # what django-allauth calls it
]
