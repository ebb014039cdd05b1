"""Where are messages, letters and the demo inbox, and where do answers and stop requests come in?"""

from django.urls import path

from notifications import letter_views, pages, phone_views, stop, views

urlpatterns = [
    path("messages/of-recall/<int:pk>/", pages.Messages.as_view(), name="messages"),
    path("messages/of-recall/<int:pk>/new/", pages.SendNow.as_view(), name="message_new"),
    path("messages/of-recall/<int:pk>/new/page/", pages.SendNowHtml.as_view(), name="message_new_page"),
    path("messages/<int:pk>/", pages.Message.as_view(), name="message"),
    path("messages/<int:pk>/page/", pages.MessageHtml.as_view(), name="message_page"),
    path("messages/<int:pk>/letter.pdf", pages.MessagePdf.as_view(), name="message_pdf"),
    path("messages/<int:pk>/again/", pages.SendAgain.as_view(), name="message_again"),
    path("messages/<int:pk>/again/page/", pages.SendAgainHtml.as_view(), name="message_again_page"),
    path("stop-emails/<str:token>/", stop.stop_emails, name="stop_emails"),
    path("inbox/", views.InboxList.as_view(), name="inbox"),
    path("inbox/<str:key>/", views.InboxMessage.as_view(), name="inbox_message"),
    path("inbox/<str:key>/page/", views.InboxHtml.as_view(), name="inbox_html"),
    path("inbox/<str:key>/attachments/<int:number>/", views.InboxAttachment.as_view(), name="inbox_attachment"),
    path("letters/", letter_views.Letters.as_view(), name="letters"),
    path("letters/pdf/", letter_views.LettersPdf.as_view(), name="letters_pdf"),
    path("letters/printed/", letter_views.LettersPrinted.as_view(), name="letters_printed"),
    path("letters/<int:pk>/again/", letter_views.LetterAgain.as_view(), name="letter_again"),
    path("sms/inbound/", phone_views.inbound, name="sms_inbound"),
]
