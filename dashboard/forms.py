"""Forms of the pages."""

from __future__ import annotations

from datetime import datetime

from django import forms
from django.http import QueryDict
from django.utils import timezone

from dashboard.revisions.plan import Direction


class PlanForm(forms.Form):
    """`target`: Alembic's notation, several separated by blanks; empty: the effective head, for an upgrade."""

    direction = forms.ChoiceField(required=False, choices=[(d.value, d.value) for d in Direction])
    target = forms.CharField(required=False, max_length=1000)

    def chosen_direction(self) -> Direction:
        """Of a valid form."""
        return Direction(self.cleaned_data["direction"] or Direction.UPGRADE)

    def targets(self) -> tuple[str, ...]:
        """Of a valid form."""
        return tuple(str(self.cleaned_data["target"]).split())


class AttestationForm(forms.Form):
    """A person's word for a backup that was taken elsewhere."""

    where = forms.CharField(
        label="Where it is kept",
        max_length=500,
        widget=forms.TextInput(attrs={"placeholder": "snapshot or file name, no credentials", "class": "vTextField"}),
    )
    taken_at = forms.DateTimeField(
        label="Taken at",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}),
    )
    how = forms.CharField(
        label="How you know that it restores",
        max_length=2000,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )

    def clean_taken_at(self) -> datetime:
        """A snapshot cannot come from the future."""
        taken_at: datetime = self.cleaned_data["taken_at"]
        if taken_at > timezone.now():
            raise forms.ValidationError("This time is still to come. Give the time of the snapshot.")
        return taken_at


class AcceptanceForm(forms.Form):
    """`finding`: numbers of findings, each chosen; `all`: numbers of all that are open, where that button was pressed."""

    plan = forms.IntegerField()
    reason = forms.CharField(max_length=1000)
    all = forms.CharField(required=False, max_length=20_000)

    def findings(self) -> tuple[int, ...]:
        """Of a valid form."""
        chosen = self.data.getlist("finding") if isinstance(self.data, QueryDict) else []
        named = str(self.cleaned_data["all"]).split() or chosen
        return tuple(int(number) for number in named if number.isdecimal())


class OverrideForm(forms.Form):
    """Why the plan of this number may exceed a budget."""

    plan = forms.IntegerField()
    reason = forms.CharField(max_length=1000)


class ConfirmationForm(forms.Form):
    """The signed ticket of the plan page, and the environment's name as a person typed it."""

    token = forms.CharField(max_length=1000)
    environment = forms.CharField(max_length=100, required=False)
