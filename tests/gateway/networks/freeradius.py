"""A real FreeRADIUS that reads our views on PostgreSQL, and stands in for an access server that takes CoA and Disconnect."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import make_url

from tests.ports import free_port

SECRET = "radius-test-secret"
HINT = "FreeRADIUS is missing: `apt-get install freeradius freeradius-postgresql`"


def here() -> bool:
    """Whether it and its PostgreSQL module are installed."""
    return shutil.which("freeradius") is not None and Path("/usr/lib/freeradius/rlm_sql_postgresql.so").exists()


CONFIG = """
prefix = /usr
libdir = /usr/lib/freeradius
name = hodi
logdir = {folder}
run_dir = {folder}
db_dir = {folder}
pidfile = {folder}/pid
security {{
  allow_vulnerable_openssl = yes
}}
client local {{
  ipaddr = 127.0.0.1
  secret = {secret}
}}
modules {{
  always ok {{
    rcode = ok
  }}
  always reject {{
    rcode = reject
  }}
  pap {{
  }}
  sql {{
    dialect = "postgresql"
    driver = "rlm_sql_postgresql"
    radius_db = "{database}"
    read_groups = no
    read_profiles = no
    sql_user_name = "%{{User-Name}}"
    authorize_check_query = "SELECT id, username, attribute, value, op FROM radcheck WHERE username = '%{{SQL-User-Name}}' ORDER BY id"
    authorize_reply_query = "SELECT id, username, attribute, value, op FROM radreply WHERE username = '%{{SQL-User-Name}}' ORDER BY id"
    pool {{
      start = 1
      min = 1
      max = 4
      spare = 1
    }}
  }}
}}
server default {{
  listen {{
    type = auth
    ipaddr = 127.0.0.1
    port = {auth}
  }}
  listen {{
    type = coa
    ipaddr = 127.0.0.1
    port = {coa}
  }}
  authorize {{
    sql
    pap
  }}
  authenticate {{
    pap
  }}
  recv-coa {{
    if (&User-Name == "refuses") {{
      reject
    }}
    else {{
      ok
    }}
  }}
}}
"""


@contextmanager
def running(folder: Path, db_url: str) -> Iterator[tuple[int, int, Path]]:
    """(auth port, CoA port, log) of a server that reads the views of `db_url`."""
    url = make_url(db_url)
    host = url.query.get("host") or url.host or "127.0.0.1"
    parts = {"host": host, "port": url.port, "dbname": url.database, "user": url.username, "password": url.password}
    database = " ".join(f"{name}={value}" for name, value in parts.items() if value)
    auth, coa = free_port(), free_port()
    filled = CONFIG.format(folder=folder, secret=SECRET, database=database, auth=auth, coa=coa)
    (folder / "radiusd.conf").write_text(filled)
    command = ["freeradius", "-f", "-l", "stdout", "-d", str(folder), "-D", "/usr/share/freeradius"]
    with (folder / "out").open("wb") as out:
        server = subprocess.Popen(command, stdout=out, stderr=out, env={**os.environ, "PGCONNECT_TIMEOUT": "5"})
    try:
        for _ in range(100):
            if "Ready to process" in (folder / "out").read_text() or server.poll() is not None:
                break
            time.sleep(0.05)
        assert server.poll() is None, (folder / "out").read_text()[-2000:]
        yield auth, coa, folder / "out"
    finally:
        server.terminate()
        server.wait(10)
