"""Whom the embedded servers run as.

PostgreSQL refuses to run as root. Started by root, both servers run as a system user of their own, which
owns the cluster and the socket folder and is let through the folders above them: `o+x` where it is missing
and never more. The packages that hold the programs become readable. Started by anybody else, the servers
run as that user and no mode is touched.
"""

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SYSTEM_USER = "soredi-db"


@dataclass(frozen=True)
class Owner:
    """The owner of the servers' processes and folders."""

    uid: int
    gid: int

    @property
    def other(self) -> bool:
        """Whether the servers run as somebody else than this process."""
        return self.uid != os.geteuid()

    def process(self) -> dict[str, Any]:
        """Arguments for subprocess: the user, a bare environment, no folder kept busy."""
        options: dict[str, Any] = {"cwd": "/", "env": {"LC_ALL": "C", "PATH": os.defpath}, "umask": 0o077}
        if self.other:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return options

    def own_folder(self, folder: Path) -> None:
        """Makes `folder`, or takes the one there; raises PermissionError for a stranger's or a link."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (self.uid, os.geteuid()):
            raise PermissionError(f"{folder} belongs to another user: remove it, or set SOREDI_DATA_DIR.")
        if self.other:
            os.chown(folder, self.uid, self.gid)
        folder.chmod(0o700)

    def let_in(self, folder: Path) -> None:
        """Lets the servers pass through `folder` and the folders above it."""
        if self.other:
            for step in (folder, *folder.parents):
                self._allow(step, stat.S_IXOTH)

    def make_readable(self, folder: Path) -> None:
        """Lets the servers read everything in `folder`, as an installation with umask 077 does not."""
        if self.other:
            self.let_in(folder.parent)
            for place, _, files in os.walk(folder):
                self._allow(Path(place), stat.S_IROTH | stat.S_IXOTH)
                for name in files:
                    file = Path(place, name)
                    if not file.is_symlink():
                        runs = file.stat().st_mode & stat.S_IXUSR
                        self._allow(file, stat.S_IROTH | (stat.S_IXOTH if runs else 0))

    def _allow(self, path: Path, bits: int) -> None:
        found = path.stat()
        if found.st_uid == self.uid:
            return
        if found.st_mode & bits != bits:
            path.chmod(stat.S_IMODE(found.st_mode) | bits)


def for_cluster(cluster: Path) -> Owner:
    """The user for the servers of `cluster`, made if need be; raises PermissionError when there is none."""
    if os.geteuid() != 0:
        if cluster.exists() and cluster.stat().st_uid != os.geteuid():
            raise PermissionError(
                f"{cluster} belongs to another user: run as that one, or set SOREDI_DATA_DIR."
            )
        return Owner(os.geteuid(), os.getegid())
    if cluster.exists() and cluster.stat().st_uid != 0:
        found = cluster.stat()
        return Owner(found.st_uid, found.st_gid)
    return _system_user()


def _system_user() -> Owner:
    program = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    answer = ""
    for _ in range(10):  # another folder's first start may hold the lock of the password file
        try:
            entry = pwd.getpwnam(SYSTEM_USER)
            return Owner(entry.pw_uid, entry.pw_gid)
        except KeyError:
            if program is None:
                break
        command = [program, "--system", "--no-create-home", "--user-group", "--shell", "/usr/sbin/nologin"]
        done = subprocess.run([*command, SYSTEM_USER], capture_output=True, text=True)
        answer = done.stderr.strip()
    raise PermissionError(
        f"PostgreSQL does not run as root, and the user {SYSTEM_USER} could not be made "
        f"({answer or 'useradd is not installed'}): run as an ordinary user, or set DATABASE_URL."
    )
