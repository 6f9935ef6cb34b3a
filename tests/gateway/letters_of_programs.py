"""Letters as the mail programs really write them: each answers a letter of ours with `1`, and quotes it in the program's own way."""

HEAD = "From: {sender}\nTo: help@mwangaza.example\nSubject: Re: Mwangaza Power\nMessage-ID: <{id}@mailbox.example>\n"
PLAIN = 'Content-Type: text/plain; charset="utf-8"\n\n'
HTML = 'Content-Type: text/html; charset="utf-8"\n\n'
OURS = "You owe nothing.\n1. Balance\n2. My bill"
QUOTED = "> You owe nothing.\n> 1. Balance\n> 2. My bill\n"
PAGE = "You owe nothing.<br>1. Balance<br>2. My bill"

PROGRAMS: dict[str, str] = {
    "gmail": PLAIN + "1\n\nOn Tue, Mar 10, 2026 at 11:58 AM Mwangaza Power <help@mwangaza.example> wrote:\n\n" + QUOTED,
    "gmail, wrapped": PLAIN + "1\n\nOn Tue, Mar 10, 2026 at 11:58 AM Mwangaza Power <help@mwangaza.example>\nwrote:\n\n" + QUOTED,
    "gmail, wrapped twice, right below": PLAIN + "1\nOn Tue, Mar 10, 2026 at 11:58 AM The Mwangaza Power and\nLight Company <\nhelp@mwangaza.example> wrote:\n" + QUOTED,
    "gmail in html": HTML
    + '<div dir="ltr">1</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">On Tue, Mar 10, 2026 at '
    + f'11:58 AM Mwangaza Power &lt;help@mwangaza.example&gt; wrote:<br></div><blockquote class="gmail_quote">{PAGE}</blockquote></div>',
    "gmail with a signature": HTML
    + '<div dir="ltr">1<div><br></div><span class="gmail_signature_prefix">-- </span><br><div class="gmail_signature">Amina, Kisumu</div></div>'
    + f'<div class="gmail_quote"><blockquote>{PAGE}</blockquote></div>',
    "gmail in French": PLAIN + "1\n\nLe mar. 10 mars 2026 à 11:58, Mwangaza Power <help@mwangaza.example> a\nécrit\u00a0:\n\n" + QUOTED,
    "gmail in Dutch": PLAIN + "1\n\nOp di 10 mrt 2026 om 11:58 schreef Mwangaza Power <help@mwangaza.example>:\n\n" + QUOTED,
    "gmail in Vietnamese": PLAIN + "1\n\nVào Th 3, 10 thg 3, 2026 vào lúc 11:58 Mwangaza Power <\nhelp@mwangaza.example> đã viết:\n\n" + QUOTED,
    "gmail in Swahili": PLAIN + "1\n\nMnamo Jumanne, Machi 10, 2026 saa 11:58 AM, Mwangaza Power <help@mwangaza.example>\nameandika:\n\n" + QUOTED,
    "gmail in German": PLAIN + "1\n\nAm Di., 10. März 2026 um 11:58 Uhr schrieb Mwangaza Power <\nhelp@mwangaza.example>:\n\n" + QUOTED,
    "outlook": PLAIN
    + "1\n\n________________________________\nFrom: Mwangaza Power <help@mwangaza.example>\nSent: Tuesday, March 10, 2026 11:58 AM\n"
    + "To: Amina Test <amina.test@mailbox.example>\nSubject: Mwangaza Power\n\n"
    + OURS,
    "outlook without a rule": PLAIN
    + "1\n\nFrom: Mwangaza Power <help@mwangaza.example>\nSent: Tuesday, March 10, 2026 11:58 AM\nTo: Amina Test\nSubject: Mwangaza Power\n\n"
    + OURS,
    "outlook in French": PLAIN
    + "1\n\nDe : Mwangaza Power <help@mwangaza.example>\nEnvoyé : mardi 10 mars 2026 11:58\nÀ : Amina Test\nObjet : Mwangaza Power\n\n"
    + OURS,
    "outlook in Dutch": PLAIN
    + "1\n\nVan: Mwangaza Power <help@mwangaza.example>\nVerzonden: dinsdag 10 maart 2026 11:58\nAan: Amina Test\nOnderwerp: Mwangaza\n\n"
    + OURS,
    "outlook, long ago": PLAIN + "1\n\n-----Original Message-----\nFrom: Mwangaza Power\n\n" + OURS,
    "outlook on a phone": PLAIN
    + "1\n\nGet Outlook for Android<https://aka.ms/AAb9ysg>\n________________________________\nFrom: Mwangaza Power\n\n"
    + OURS,
    "outlook in html": HTML
    + '<div class="elementToProof">1</div><div id="appendonsend"></div><hr style="width:98%"><div id="divRplyFwdMsg" dir="ltr"><b>From:</b> '
    + f"Mwangaza Power<br><b>Sent:</b> Tuesday</div><div>{PAGE}</div>",
    "outlook of the desk in html": HTML
    + '<div class="WordSection1"><p class="MsoNormal">1<o:p></o:p></p><div style="border:none;border-top:solid #E1E1E1 1.0pt">'
    + '<p class="MsoNormal"><b>From:</b> Mwangaza Power &lt;help@mwangaza.example&gt;<br><b>Sent:</b> Tuesday, March 10, 2026 11:58 AM<br>'
    + f'<b>To:</b> Amina<br><b>Subject:</b> Mwangaza Power<o:p></o:p></p></div><p class="MsoNormal">{PAGE}</p></div>',
    "iphone": PLAIN + "1\n\nSent from my iPhone\n\n> On 10 Mar 2026, at 11:58, Mwangaza Power <help@mwangaza.example> wrote:\n> \n" + QUOTED,
    "iphone in French": PLAIN + "1\n\nEnvoyé de mon iPhone\n\n> Le 10 mars 2026 à 11:58, Mwangaza Power <help@mwangaza.example> a écrit :\n> \n" + QUOTED,
    "apple mail": PLAIN + "1\n\n> On 10 Mar 2026, at 11:58, Mwangaza Power <help@mwangaza.example> wrote:\n> \n" + QUOTED,
    "apple mail in html": HTML
    + '<html><body>1<br><div><blockquote type="cite"><div>On 10 Mar 2026, at 11:58, Mwangaza Power &lt;help@mwangaza.example&gt; wrote:'
    + f"</div><br><div>{PAGE}</div></blockquote></div><br></body></html>",
    "yahoo": PLAIN + "1\n\n    On Tuesday, March 10, 2026 at 11:58:12 AM GMT+3, Mwangaza Power <help@mwangaza.example> wrote:  \n \n " + OURS,
    "yahoo on android": PLAIN
    + "1\n\nYahoo Mail: Search, Organize, Conquer\n \n  On Tue, Mar 10, 2026 at 11:58, Mwangaza Power<help@mwangaza.example> wrote:   "
    + OURS.replace("\n", "\n\n"),
    "yahoo in html": HTML
    + '<div class="ydp1a2b3cyahoo-style-wrap"><div dir="ltr">1</div></div><div id="ydp99yahoo_quoted_12" class="ydp99yahoo_quoted">'
    + f"<div>On Tuesday, March 10, 2026, Mwangaza Power wrote:</div><div>{PAGE}</div></div>",
    "thunderbird": PLAIN + "1\n\nOn 10/03/2026 11:58, Mwangaza Power wrote:\n" + QUOTED,
    "thunderbird, below": PLAIN + "On 10/03/2026 11:58, Mwangaza Power wrote:\n" + QUOTED + "\n1\n\n-- \nAmina\nKisumu\n",
    "thunderbird in French": PLAIN + "1\n\nLe 10/03/2026 à 11:58, Mwangaza Power a écrit :\n" + QUOTED,
    "thunderbird in html": HTML
    + '<p>1</p><div class="moz-cite-prefix">On 10/03/2026 11:58, Mwangaza Power wrote:<br></div><blockquote type="cite">'
    + f'{PAGE}</blockquote><div class="moz-signature">-- <br>Amina</div>',
    "both, the plain one empty": 'Content-Type: multipart/alternative; boundary="b"\n\n--b\nContent-Type: text/plain\n\n\n--b\nContent-Type: text/html\n\n'
    + f"<div>1</div><blockquote>{PAGE}</blockquote>\n--b--\n",
}  # fmt: skip

MACHINES: dict[str, str] = {
    "RFC 3834": "Auto-Submitted: auto-replied\n",
    "with a comment": "Auto-Submitted: auto-generated; owner=x\n",
    "Outlook": "X-Auto-Response-Suppress: All\n",
    "cPanel": "X-Autorespond: Re: Mwangaza\n",
    "Exim": "X-Autoreply: yes\n",
    "a bulk mailer": "Precedence: bulk\n",
    "an old vacation": "Precedence: auto_reply\n",
    "junk": "Precedence: junk\n",
    "a list": "List-Id: <x.example>\n",
    "a newsletter": "List-Unsubscribe: <mailto:out@x.example>\n",
    "a sender of thousands": "Feedback-ID: 1:2:3:x\n",
    "a bounce": "Return-Path: <>\n",
    "Exchange's rules": "X-MS-Exchange-Inbox-Rules-Loop: x@y.example\n",
    "Lotus": "X-POST-MessageClass: 9; Autoresponder\n",
    "a report": 'Content-Type: multipart/report; report-type=disposition-notification; boundary="b"\n',
}
NOBODIES = (
    "noreply@parcels.example", "no-reply@x.example", "donotreply@x.example", "do_not_reply@x.example", "orders-noreply@x.example",
    "noreply+17@x.example", "mailer-daemon@x.example", "MAILER-DAEMON@x.example", "postmaster@x.example", "bounces+1=2@x.example",
    "notifications@x.example", "autoreply@x.example", "help@mwangaza.example",
)  # fmt: skip
"""Senders whom no answer reaches; the last is ourselves."""
