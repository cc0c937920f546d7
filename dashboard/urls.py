"""The URL conf."""
urlpatterns = []
