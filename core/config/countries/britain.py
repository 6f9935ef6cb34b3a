"""Great Britain, energy: seven working days of notice, and no disconnection of pensioners from October to March.

Source: the Electricity Act 1989, Schedule 6, and the winter condition of the supply licence (SLC 27), as the design notes give them
(domain.md). An operator's counsel confirms the paragraph for its licence.
"""

from core.config.countries.pack import ALWAYS_PROTECTED, Pack

WINTER = (10, 11, 12, 1, 2, 3)
PACK = Pack(
    ladder={
        "notice_working_days": 7,
        "protections": (*ALWAYS_PROTECTED, {"kind": "pensioner", "months": WINTER}),
    },
)
