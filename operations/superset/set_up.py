"""Import dashboards and add logins, in Superset's environment; passwords are in no command.

Reads from standard input the files to import, and per login its password and the uuids of
the datasets that it may read: no others, and no SQL of its own. Prints the id of each chart.
"""

import json
import sys

from superset.app import create_app

asked = json.load(sys.stdin)
application = create_app()
with application.app_context():
    from superset import db
    from superset.commands.importers.v1.assets import ImportAssetsCommand
    from superset.connectors.sqla.models import SqlaTable
    from superset.models.slice import Slice
    from superset.utils.core import override_user

    security = application.appbuilder.sm

    def login(name: str, password: str, roles: list) -> None:
        """Add a login, or give it its password and roles anew."""
        user = security.find_user(name)
        if user is None:
            security.add_user(name, name, "login", f"{name}@localhost", roles, password=password)
        else:
            user.roles = roles
            security.reset_password(user.id, password)

    login("admin", asked["admin_password"], [security.find_role("Admin")])
    with override_user(security.find_user("admin")):
        ImportAssetsCommand(asked["files"]).run()
    for name, (password, datasets) in asked["logins"].items():
        role = security.add_role(name)
        role.permissions = [
            security.add_permission_view_menu("datasource_access", each.perm)
            for each in db.session.query(SqlaTable).filter(SqlaTable.uuid.in_(datasets))
        ]
        login(name, password, [security.find_role("Gamma"), role])
    # whose address of a database is no longer named
    for name in asked["closed"]:
        if (user := security.find_user(name)) is not None:
            user.active = False
    db.session.commit()
    charts = {str(each.uuid): each.id for each in db.session.query(Slice)}
sys.stdout.write(f"\n{json.dumps(charts)}\n")
