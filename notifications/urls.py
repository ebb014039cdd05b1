"""Where is the demo inbox, and where does a patient stop emails with one click?"""

from django.urls import path

from notifications import stop, views

urlpatterns = [
    path("stop-emails/<str:token>/", stop.stop_emails, name="stop_emails"),
    path("inbox/", views.InboxList.as_view(), name="inbox"),
    path("inbox/<str:key>/", views.InboxMessage.as_view(), name="inbox_message"),
    path("inbox/<str:key>/page/", views.InboxHtml.as_view(), name="inbox_html"),
    path("inbox/<str:key>/attachments/<int:number>/", views.InboxAttachment.as_view(), name="inbox_attachment"),
]
