"""whyrst tells why a TCP connection was reset.

import whyrst

for verdict in whyrst.analyze("capture.pcap").verdicts:
    print(verdict.frame, verdict.cause, verdict.confidence)
print(whyrst.explain("port-closed").title)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whyrst.analysis import Report, analyze
    from whyrst.causes.cause import Cause
    from whyrst.compare import CompareError, Comparison, compare
    from whyrst.model import Evidence, Incident, Quality, Verdict

__version__ = "0.1.0"
__all__ = [
    "Cause",
    "CompareError",
    "Comparison",
    "Evidence",
    "Incident",
    "Quality",
    "Report",
    "Verdict",
    "__version__",
    "analyze",
    "compare",
    "explain",
]

_HOMES = {
    "Cause": "whyrst.causes.cause",
    "CompareError": "whyrst.compare",
    "Comparison": "whyrst.compare",
    "Evidence": "whyrst.model",
    "Incident": "whyrst.model",
    "Quality": "whyrst.model",
    "Report": "whyrst.analysis",
    "Verdict": "whyrst.model",
    "analyze": "whyrst.analysis",
    "compare": "whyrst.compare",
}


def explain(cause: str) -> Cause:
    """What whyrst knows of a cause: title, manual, references, fix.

    Args:
        cause: id of the cause, such as "port-closed".

    Raises:
        KeyError: there is no such cause.
    """
    from whyrst.causes import all_causes

    return all_causes()[cause]


def __getattr__(name: str) -> Any:
    # Imported when first used: `whyrst --help` needs none of it.
    if name not in _HOMES:
        raise AttributeError(f"module 'whyrst' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
