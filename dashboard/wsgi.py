"""What gunicorn serves. A dashboard.toml that cannot be used stops it, with everything that is to be mended."""

import os
import sys

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
application = get_wsgi_application()

from dashboard.sources.configuration import ConfigurationError  # noqa: E402  (after Django's set-up)
from dashboard.usecases.catalogue import configuration  # noqa: E402

try:
    configuration()
except ConfigurationError as error:
    sys.stderr.write(f"{error}\n")
    sys.exit(4)  # gunicorn's own code for an application that does not load: it does not try again
