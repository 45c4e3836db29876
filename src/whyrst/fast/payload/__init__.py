"""Tells what the first captured payload bytes of a segment are (`Kind`), and the server name they hold.

Only the first bytes of one segment are looked at, so a message that began in an earlier segment is `Kind.OTHER`. A
wrong label would make a wrong verdict: each form is taken only when its fixed bytes and its lengths fit, and what is
only likely on the protocol's own port is taken only there.

`Seg.KIND_INFO` holds, by kind: HTTP status, TLS alert (level << 8 | description), SMB command, SMTP or FTP reply code,
MySQL error number, PostgreSQL protocol or request code, BGP message type.

The functions of these modules are compiled as one file, as those of the tracker are.
"""

from whyrst.fast.payload.detached import detach
from whyrst.fast.payload.kinds import classify

__all__ = ["classify", "detach"]
