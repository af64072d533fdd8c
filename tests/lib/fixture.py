"""The real Kafka that ctest starts once for all tests, and ends whatever became of them.

    python3 -m lib.fixture start|stop DIR
"""

import os
import pathlib
import shutil
import sys

from lib.kafka import Broker


def main():
    verb, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    if verb == "start":
        if folder.exists():
            Broker(folder).kill()
            shutil.rmtree(folder)
        # ctest is our parent: the broker must not outlive it, not even when it is interrupted.
        Broker(folder).start(owner=os.getppid())
    else:
        Broker(folder).kill()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
