"""Belgium, telecoms: a free first reminder, a restricted service before a cut, 256 kbit/s of internet kept, reconnection for 30 euros at most.

Source: the consumer protection of the Act of 13 June 2005 on electronic communications, as the design notes give it (domain.md). An
operator's counsel confirms the paragraph for its licence.
"""

from core.config.countries.pack import Pack

PACK = Pack(
    ladder={
        "steps": (
            {"step": "overdue", "day": 1},
            {"step": "firm", "day": 8},
            {"step": "formal", "day": 15},
            {"step": "soft_bar", "day": 30},
            {"step": "hard_bar", "day": 60},
            {"step": "final", "day": 90},
        ),
        "soft_kbps": 256,
        "notice_working_days": 5,
    },
    fees={"reconnection_cap": "30"},
)
