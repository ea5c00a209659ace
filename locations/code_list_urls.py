"""Addresses of the code lists."""

from django.urls import path, register_converter

from locations.views import code_list_changes, code_list_rows, code_lists, phase_out

register_converter(code_lists.CodeListConverter, "code_list")
register_converter(code_lists.LabelConverter, "label")

urlpatterns = [
    path("stamdata/", code_lists.code_lists, name="code-lists"),
    path("stamdata/rettelser/", code_list_changes.changes, name="catalogue-changes"),
    path("stamdata/rettelser/<int:pk>/", code_list_changes.change, name="catalogue-change"),
    path("stamdata/rettelser/<int:pk>/udfoer/", code_list_changes.apply, name="catalogue-change-apply"),
    path("stamdata/rettelser/<int:pk>/annuller/", code_list_changes.drop, name="catalogue-change-drop"),
    path("stamdata/rettelser/<int:pk>/fortryd/", code_list_changes.undo, name="catalogue-change-undo"),
    path("stamdata/edi-typer/udfas/", phase_out.phase_out, name="phase-out"),
    path("stamdata/edi-typer/udfas/uger/", phase_out.course, name="phase-out-weeks"),
    path("stamdata/edi-typer/udfas/planlaeg/", phase_out.plan, name="phase-out-plan"),
    # A label may be anything, so these come last of those under /stamdata/.
    path("stamdata/<code_list:code_list>/", code_lists.code_list, name="code-list"),
    path("stamdata/<code_list:code_list>/ny/", code_list_rows.new, name="code-list-new"),
    path("stamdata/<code_list:code_list>/indlaes/", code_list_changes.upload, name="code-list-upload"),
    path(
        "stamdata/<code_list:code_list>/<label:label>/ret/",
        code_list_rows.change,
        name="code-list-row-change",
    ),
    path(
        "stamdata/<code_list:code_list>/<label:label>/personer/",
        code_list_rows.people,
        name="code-list-people",
    ),
    path(
        "stamdata/<code_list:code_list>/<label:label>/sammenlaeg/",
        code_list_rows.merge,
        name="code-list-merge",
    ),
    path("stamdata/<code_list:code_list>/<label:label>/flyt/", code_list_rows.move, name="code-list-move"),
    path("stamdata/<code_list:code_list>/<label:label>/", code_list_rows.row, name="code-list-row"),
]
