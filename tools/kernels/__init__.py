"""Boots kernels of Debian releases in an emulator and runs a Python script in them as root.

Nothing of the machine is changed and no privilege is needed: `debian.py` fetches kernels through apt with settings of
its own, `image.py` builds a root file system from this project's Python, `machine.py` runs QEMU without KVM.
"""
