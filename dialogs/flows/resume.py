"""A session dropped in the middle of something: continue, or start again?"""

from dialogs.model import LEFT, Flow, Go, Menu

FLOW = Flow(
    "resume",
    start="ask",
    states={
        "ask": Menu("resume.ask", home=True, choices=(Go("resume.continue", to=LEFT), Go("resume.again", to="home"))),
    },
)
