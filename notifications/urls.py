"""Where are the messages of a recall, and where does a patient stop emails with one click, and where is the demo inbox?"""

from django.urls import path

from notifications import pages, stop, views

urlpatterns = [
    path("messages/of-recall/<int:pk>/", pages.Messages.as_view(), name="messages"),
    path("messages/of-recall/<int:pk>/new/", pages.SendNow.as_view(), name="message_new"),
    path("messages/of-recall/<int:pk>/new/page/", pages.SendNowHtml.as_view(), name="message_new_page"),
    path("messages/<int:pk>/", pages.Message.as_view(), name="message"),
    path("messages/<int:pk>/page/", pages.MessageHtml.as_view(), name="message_page"),
    path("messages/<int:pk>/again/", pages.SendAgain.as_view(), name="message_again"),
    path("messages/<int:pk>/again/page/", pages.SendAgainHtml.as_view(), name="message_again_page"),
    path("stop-emails/<str:token>/", stop.stop_emails, name="stop_emails"),
    path("inbox/", views.InboxList.as_view(), name="inbox"),
    path("inbox/<str:key>/", views.InboxMessage.as_view(), name="inbox_message"),
    path("inbox/<str:key>/page/", views.InboxHtml.as_view(), name="inbox_html"),
    path("inbox/<str:key>/attachments/<int:number>/", views.InboxAttachment.as_view(), name="inbox_attachment"),
]
