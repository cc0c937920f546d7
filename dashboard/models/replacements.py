"""Databases that a restore replaced, for as long as they are kept."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from dashboard.models.runs import Run


class Replacement(models.Model):
    """What a restore put in a database's place, and what became of the database that was there."""

    run = models.OneToOneField(Run, on_delete=models.PROTECT, related_name="replacement")
    restored_identity = models.CharField(max_length=200)
    """Of the database made from the backup; the same before and after it took its place."""
    restored_schema = models.CharField(max_length=64, blank=True)
    """Its schema digest before it took its place."""
    compared = models.TextField()
    """What comparing it with the backup's snapshot found, in a sentence."""
    replaced_name = models.TextField()
    """Database or file, under which the one that was there is kept."""
    left = models.JSONField(default=list)
    """Sentences on what did not come along."""
    swapped_at = models.DateTimeField(null=True, blank=True)
    """Empty: it did not take its place, as far as is known."""
    deletion_requested_at = models.DateTimeField(null=True, blank=True)
    deletion_requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    deleted_at = models.DateTimeField(null=True, blank=True)
    deletion_error = models.TextField(blank=True)
    """Why the replaced database could not be deleted when that was last tried. Masked."""

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.replaced_name}, replaced by run {self.run_id}"
