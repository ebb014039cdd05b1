"""Addresses of signing in and out."""

from django.urls import path

from clinic import views

urlpatterns = [
    path("", views.home, name="home"),
    path("sign-in/", views.SignInView.as_view(), name="sign_in"),
    path("keys/", views.keyboard_shortcuts, name="keyboard_shortcuts"),
    path("password/", views.ChangePasswordView.as_view(), name="password_change"),
    path("sign-out/", views.SignOutView.as_view(), name="sign_out"),
]
