"""Where does a person come in and go out?"""

from django.urls import path

from clinic import views

urlpatterns = [
    path("", views.home, name="home"),
    path("sign-in/", views.SignIn.as_view(), name="sign_in"),
    path("keys/", views.keys, name="keyboard_shortcuts"),
    path("password/", views.Password.as_view(), name="password_change"),
    path("sign-out/", views.SignOut.as_view(), name="sign_out"),
]
