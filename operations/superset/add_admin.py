"""Add the administrator, in Superset's environment; its password is in no command."""

import os

from superset.app import create_app

application = create_app()
with application.app_context():
    security = application.appbuilder.sm
    security.add_user(
        "admin",
        "Ada",
        "Min",
        "admin@localhost",
        security.find_role("Admin"),
        password=os.environ["SUPERSET_ADMIN_PASSWORD"],
    )
