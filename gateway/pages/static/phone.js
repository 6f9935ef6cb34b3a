/* The handset and its inbox. Keys type; the network (our server) keeps nothing, so the page hands it the session each time. */
"use strict";

(() => {
  const desk = document.querySelector("[data-phone]");
  const find = (name) => document.querySelector(`[data-${name}]`);
  const [caller, handset, lcd, idle, talk, answer] = ["caller", "handset", "lcd", "idle", "talk", "answer"].map(find);
  const [typed, left, right, inbox, mail, mailNote] = ["typed", "softleft", "softright", "inbox", "mail", "mailnote"].map(find);
  const [promptBox, pin] = ["prompt", "pin"].map(find);
  const IDLE = "idle", BUSY = "busy", OPEN = "open", OVER = "over", PROMPT = "prompt";
  let mode = IDLE, number = "", session = null, path = "", prompt = null, shown = new Set(), unread = 0;

  async function ask(door, told) {
    const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(told) };
    const reply = await fetch("/phone/" + door, options);
    if (!reply.ok) throw new Error(String(reply.status));
    return reply.json();
  }

  /* What the screen shows follows from the mode alone. */
  function draw(text) {
    idle.hidden = mode !== IDLE;
    talk.hidden = mode === IDLE || mode === PROMPT;
    promptBox.hidden = mode !== PROMPT;
    answer.hidden = mode !== OPEN;
    typed.textContent = number;
    lcd.classList.toggle("is-dialling", number !== "");
    lcd.classList.toggle("is-over", mode === OVER);
    if (text !== undefined) talk.textContent = text;
    if (mode === BUSY) talk.textContent = desk.dataset.running;
    const keys = { [IDLE]: number ? ["Call", "Clear"] : ["Menu", ""], [BUSY]: ["", ""], [OPEN]: ["Send", "Cancel"], [OVER]: ["OK", ""], [PROMPT]: ["OK", "Cancel"] };
    [left.textContent, right.textContent] = keys[mode];
    if (mode === OPEN) { answer.value = ""; answer.focus({ preventScroll: true }); }
    if (mode === PROMPT) { pin.value = ""; pin.focus({ preventScroll: true }); }
    talk.scrollTop = 0;
  }

  /* A payment prompt comes when no session is open, as the network does it. The PIN is looked at by nobody. */
  function offer(prompts) {
    if (mode === PROMPT && !prompts.some((one) => one.id === prompt.id)) quiet();
    if (!prompts.length || mode === OPEN || mode === BUSY || mode === PROMPT) return;
    prompt = prompts[0];
    find("promptfrom").textContent = desk.dataset.maker;
    find("promptwords").textContent = desk.dataset.pay.replace("{amount}", prompt.amount).replace("{reference}", prompt.reference);
    mode = PROMPT;
    draw();
    shake();
  }

  function settle(yes) {
    const told = { phone: caller.value, prompt: prompt.id, yes };
    mode = OVER;
    draw("...");
    ask("prompt", told).then(quiet, () => { mode = OVER; draw(desk.dataset.lost); }).finally(() => setTimeout(look, 900));
  }

  async function step(door, told) {
    const before = session;
    mode = BUSY;
    draw();
    try {
      const got = await ask(door, { phone: caller.value, ...told });
      if (before !== session) return;
      ({ session, path } = got);
      mode = got.open ? OPEN : OVER;
      draw(got.text);
    } catch {
      mode = OVER;
      draw(desk.dataset.lost);
    }
    setTimeout(look, 700);
  }

  function dial(code) {
    number = "";
    session = null;
    if (code) step("dial", { code });
  }

  function send() {
    step("answer", { session, path, answer: answer.value });
  }

  function quiet() {
    mode = IDLE;
    number = "";
    session = null;
    draw("");
  }

  function hangUp() {
    const live = mode === OPEN || mode === BUSY;
    const told = { phone: caller.value, session, path };
    if (live && session) ask("hangup", told).catch(() => {});
    quiet();
    if (live) { mode = OVER; draw(desk.dataset.ended); }
  }

  function press(key) {
    flash(key);
    if (mode === PROMPT) {
      if (key === "left" || key === "call") settle(true);
      else if (key === "right" || key === "end") settle(false);
      else pin.value += key;
      return undefined;
    }
    if (key === "call") return mode === OPEN ? send() : mode === IDLE && dial(number);
    if (key === "end") return mode === OVER ? quiet() : hangUp();
    if (key === "left") return { [IDLE]: () => dial(number || desk.dataset.code), [OPEN]: send, [OVER]: quiet, [BUSY]: () => {} }[mode]();
    if (key === "right") return { [IDLE]: rubOut, [OPEN]: hangUp, [OVER]: quiet, [BUSY]: () => {} }[mode]();
    if (mode === OPEN) { answer.value += key; answer.focus({ preventScroll: true }); }
    if (mode === OVER) quiet();
    if (mode === IDLE) { number = (number + key).slice(0, 60); draw(); }
  }

  function rubOut() {
    number = number.slice(0, -1);
    draw();
  }

  function flash(key) {
    const button = handset.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (!button) return;
    button.classList.add("is-down");
    setTimeout(() => button.classList.remove("is-down"), 120);
  }

  handset.addEventListener("click", (event) => {
    const button = event.target.closest("[data-key]");
    if (button) press(button.dataset.key);
  });
  answer.addEventListener("keydown", (event) => {
    if (event.key === "Enter") { event.preventDefault(); press("left"); }
    if (event.key === "Escape") press("end");
  });
  promptBox.onsubmit = (event) => { event.preventDefault(); press("left"); };
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, select, button, a, [data-chat]") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^[0-9*#]$/.test(event.key)) press(event.key);
    else if (event.key === "Enter") press("call");
    else if (event.key === "Backspace") press("right");
    else if (event.key === "Escape") press("end");
    else return;
    event.preventDefault();
  });

  /* Text messages */
  async function look() {
    const whose = caller.value;
    try {
      const reply = await fetch("/phone/inbox?phone=" + encodeURIComponent(whose));
      if (reply.ok && whose === caller.value) {
        const got = await reply.json();
        list(got.messages);
        offer(got.prompts);
      }
    } catch { /* the next look will tell */ }
  }

  function list(messages) {
    const first = shown.size === 0;
    const fresh = messages.filter((message) => !shown.has(message.id));
    if (fresh.length) inbox.querySelector(".inbox-none")?.remove();
    if (fresh.length) inbox.querySelectorAll(".is-sending").forEach((old) => old.remove());
    for (const message of fresh) {
      shown.add(message.id);
      inbox.append(text(message));
      if (message.side === "in" && !first) ring();
    }
    if (fresh.length) inbox.scrollTop = inbox.scrollHeight;
    if (!shown.size) shown.add("looked");
  }

  function text(message) {
    const made = document.createElement("article");
    made.className = "sms sms-" + message.side;
    const words = document.createElement("p");
    words.append(...linked(message.text));
    const time = document.createElement("time");
    time.dateTime = message.at;
    time.textContent = new Date(message.at).toLocaleString([], { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: desk.dataset.zone });
    made.append(words, time);
    return made;
  }

  function linked(words) {
    return words.split(/(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)])/g).map((part, at) => {
      if (at % 2 === 0) return document.createTextNode(part);
      const link = document.createElement("a");
      Object.assign(link, { href: part, target: "_blank", rel: "noopener noreferrer", textContent: part });
      return link;
    });
  }

  function ring() {
    unread += 1;
    mail.textContent = "✉";
    mailNote.textContent = "✉ " + desk.dataset.new.replace("{count}", unread);
    shake();
  }

  function shake() {
    handset.classList.add("is-ringing");
    setTimeout(() => handset.classList.remove("is-ringing"), 600);
  }

  function read() {
    unread = 0;
    mail.textContent = mailNote.textContent = "";
  }

  function write(words) {
    inbox.querySelector(".inbox-none")?.remove();
    const made = text({ side: "out", text: words, at: Date.now() });
    made.classList.add("is-sending");
    inbox.append(made);
    inbox.scrollTop = inbox.scrollHeight;
    ask("sms", { phone: caller.value, text: words }).then(() => setTimeout(look, 300), () => made.classList.add("is-lost"));
  }

  find("smsform").onsubmit = (event) => {
    event.preventDefault();
    const box = find("smstext");
    if (box.value.trim()) write(box.value.trim());
    box.value = "";
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest(".try");
    if (button?.dataset.sms) write(button.dataset.sms);
    if (button?.dataset.dial) { if (mode === OPEN) hangUp(); dial(button.dataset.dial); }
  });
  inbox.addEventListener("pointerenter", read);
  inbox.addEventListener("focus", read);
  caller.onchange = () => {
    if (mode === OPEN) hangUp();
    shown = new Set();
    inbox.replaceChildren();
    quiet();
    read();
    look();
  };

  function tick() {
    find("clock").textContent = new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: desk.dataset.zone });
  }
  setInterval(() => { if (!document.hidden) look(); tick(); }, 2500);
  tick();
  quiet();
  look();
})();
