"""Addresses of the set-up."""

from django.urls import path

from site_setup.views import (
    accounts,
    closed_days,
    first_run,
    letterhead,
    mail_and_texts,
    rooms,
    security_log,
    sites,
    staff,
    staff_leaving,
    stops,
)

urlpatterns = [
    path("", sites.ChecklistView.as_view(), name="setup"),
    path("first/", first_run.FirstAccountView.as_view(), name="first_account"),
    path("invitation/<uidb64>/<token>/", first_run.InvitationView.as_view(), name="invitation"),
    path("sites/new/", sites.NewSiteView.as_view(), name="setup_site_new"),
    path("sites/<int:pk>/", sites.SiteView.as_view(), name="setup_site"),
    path("sites/<int:pk>/hours/", sites.HoursView.as_view(), name="setup_hours"),
    path("sites/<int:pk>/messages/", sites.MessagesView.as_view(), name="setup_messages"),
    path("sites/<int:pk>/letterhead/", letterhead.LetterheadView.as_view(), name="setup_letterhead"),
    path("sites/<int:pk>/rooms/", rooms.RoomsView.as_view(), name="setup_rooms"),
    path("sites/<int:pk>/rooms/new/", rooms.RoomView.as_view(), name="setup_room_new"),
    path("sites/<int:pk>/rooms/<int:room_pk>/", rooms.RoomView.as_view(), name="setup_room"),
    path("sites/<int:pk>/rooms/<int:room_pk>/stops/", stops.StopsView.as_view(), name="setup_stops"),
    path(
        "sites/<int:pk>/rooms/<int:room_pk>/stops/<int:stop_pk>/delete/",
        stops.StopDeleteView.as_view(),
        name="setup_stop_delete",
    ),
    path("closed-days/", closed_days.ClosedDaysView.as_view(), name="setup_closed_days"),
    path("closed-days/<int:pk>/reopen/", closed_days.ReopenDayView.as_view(), name="setup_reopen_day"),
    path("closed-days/work/", closed_days.WorkHolidayView.as_view(), name="setup_work_holiday"),
    path("staff/", staff.StaffView.as_view(), name="setup_staff"),
    path("staff/requests/", accounts.AccountRequestsView.as_view(), name="setup_account_requests"),
    path("staff/requests/<int:pk>/", accounts.DecideView.as_view(), name="setup_account_decide"),
    path("staff/<int:pk>/", accounts.AccountView.as_view(), name="setup_account"),
    path("staff/<int:pk>/password/", accounts.NewPasswordView.as_view(), name="setup_new_password"),
    path("staff/<int:pk>/second-factor/", accounts.LostFactorView.as_view(), name="setup_lost_factor"),
    path("staff/<int:pk>/invite/", staff.InviteAgainView.as_view(), name="setup_invite_again"),
    path("staff/<int:pk>/leave/", staff_leaving.LeaveView.as_view(), name="setup_leave"),
    path("staff/<int:pk>/back/", staff_leaving.ComeBackView.as_view(), name="setup_come_back"),
    path("security-log/", security_log.SecurityLogView.as_view(), name="security_log"),
    path("texts/", mail_and_texts.TextsView.as_view(), name="setup_texts"),
    path("mail/", mail_and_texts.MailView.as_view(), name="setup_mail"),
]
