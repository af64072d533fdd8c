"""A disk of a few megabytes that a test can fill and free again: a tmpfs, which only root may
mount."""

import os
import pathlib
import subprocess

_TRIES = 20


class SmallDisk:
    """A file system of its own, mounted while the `with` lasts."""

    def __init__(self, folder, megabytes):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self._kilobytes = megabytes * 1024
        _mount("-t", "tmpfs", "-o", f"size={self._kilobytes}k", "tmpfs", self.folder)

    @staticmethod
    def can_be_had():
        """Whether this machine lets us mount one."""
        return os.geteuid() == 0 and _may_mount()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", str(self.folder)], check=True)

    def fill(self):
        """Leaves no room: the file system is made as small as what it holds."""
        for attempt in range(_TRIES):
            at = os.statvfs(self.folder)
            used = (at.f_blocks - at.f_bfree) * at.f_frsize // 1024
            try:
                # Someone writes meanwhile: the kernel refuses a size that is too small by then.
                _mount("-o", f"remount,size={used + 64 * attempt}k", self.folder)
                return
            except OSError:
                if attempt == _TRIES - 1:
                    raise

    def make_room(self):
        _mount("-o", f"remount,size={self._kilobytes}k", self.folder)


def _mount(*words):
    done = subprocess.run(["mount", *map(str, words)], capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError(f"mount {words}: {done.stderr.strip()}")


def _may_mount():
    """The kernel's capability CAP_SYS_ADMIN, which a container's root may not have."""
    status = pathlib.Path("/proc/self/status").read_text()
    held = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff"))
    return bool(int(held, 16) >> 21 & 1)
