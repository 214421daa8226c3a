"""What a running process takes: memory, its peak, descriptors, processor time."""

import os
import pathlib

TICKS = os.sysconf("SC_CLK_TCK")


class Gauges:
    """Of one process, read from /proc."""

    def __init__(self, pid):
        self._folder = pathlib.Path(f"/proc/{pid}")

    def _status(self, name):
        for line in (self._folder / "status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) << 10
        raise KeyError(name)

    @property
    def resident(self):
        """Bytes."""
        return self._status("VmRSS")

    @property
    def peak(self):
        """The most bytes that were resident since `forget_peak`."""
        return self._status("VmHWM")

    def forget_peak(self):
        (self._folder / "clear_refs").write_text("5")

    @property
    def descriptors(self):
        return len(os.listdir(self._folder / "fd"))

    @property
    def processor_seconds(self):
        fields = (self._folder / "stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


def mebibytes(count):
    return f"{count / 2**20:.1f} MiB"
