/* The web chat. What the page says has an id and is said again until the server answers "done"; what the server says has a
   number, and the page asks for what came after the last one it saw. So a lost connection loses nothing and repeats nothing. */
"use strict";

function startChat(box) {
  const log = box.querySelector("[data-log]");
  const form = box.querySelector("[data-form]");
  const input = box.querySelector("[data-text]");
  const state = box.querySelector("[data-state]");
  const store = "hodi-chat-waiting";
  let waiting = JSON.parse(sessionStorage.getItem(store) || "[]");
  let seen = 0, socket = null, pause = 500;

  function tell(words, on) {
    state.textContent = words;
    box.classList.toggle("is-online", on);
  }

  function keep() {
    sessionStorage.setItem(store, JSON.stringify(waiting.filter((one) => !one.secret)));
  }

  function connect() {
    socket = new WebSocket(new URL(box.dataset.socket, location.href.replace(/^http/, "ws")));
    socket.onopen = () => {
      pause = 500;
      tell(box.dataset.online, true);
      socket.send(JSON.stringify({ since: seen }));
      for (const one of waiting) post(one);
    };
    socket.onmessage = (event) => heard(JSON.parse(event.data));
    socket.onclose = () => {
      tell(box.dataset.offline, false);
      setTimeout(connect, pause * (0.75 + Math.random() / 2));
      pause = Math.min(pause * 2, 15000);
    };
  }

  function heard(told) {
    if (told.seq !== undefined) line(told);
    else if (told.last !== undefined) greet(told.last);
    else if (told.done !== undefined) done(told.done);
    else if (told.wait !== undefined) setTimeout(() => retry(told.wait), 2500);
    else if (told.error) tell(told.error.reason, true);
  }

  function line(told) {
    if (told.seq <= seen) return;
    seen = told.seq;
    box.querySelector("[data-typing]")?.remove();
    log.querySelectorAll(".chat-options").forEach((old) => old.remove());
    log.append(bubble(told.text, told.side, told.at));
    if (told.side === "hodi") {
      if (told.options?.length) log.append(options(told.options));
      secret(Boolean(told.secret));
    } else if (waiting.length) typing();
    log.scrollTop = log.scrollHeight;
  }

  function bubble(text, side, at) {
    const made = document.createElement("article");
    made.className = "chat-line from-" + side;
    const who = document.createElement("span");
    who.className = "hidden";
    who.textContent = (side === "you" ? box.dataset.you : box.dataset.us) + ": ";
    const words = document.createElement("p");
    words.append(...linked(text));
    const time = document.createElement("time");
    time.dateTime = at;
    time.textContent = new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: box.dataset.zone });
    made.append(who, words, time);
    return made;
  }

  /* Only http and https addresses become links; everything else stays text. */
  function linked(text) {
    return text.split(/(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)])/g).map((part, at) => {
      if (at % 2 === 0) return document.createTextNode(part);
      const link = document.createElement("a");
      link.href = part;
      link.target = "_blank";
      link.rel = "noopener noreferrer";
      link.textContent = part;
      return link;
    });
  }

  function options(list) {
    const made = document.createElement("div");
    made.className = "chat-options";
    for (const option of list) {
      const button = document.createElement("button");
      button.type = "button";
      const key = document.createElement("kbd");
      key.textContent = option.key;
      button.append(key, option.label);
      button.onclick = () => { speak({ choice: option.key }); input.focus(); };
      made.append(button);
    }
    return made;
  }

  function typing() {
    if (box.querySelector("[data-typing]")) return;
    const made = document.createElement("p");
    made.className = "chat-typing";
    made.dataset.typing = "";
    made.setAttribute("aria-hidden", "true");
    made.append(...[1, 2, 3].map(() => document.createElement("i")));
    log.append(made);
  }

  function secret(on) {
    input.type = on ? "password" : "text";
    input.autocomplete = "off";
  }

  function speak(words) {
    const one = { id: crypto.randomUUID ? crypto.randomUUID() : String(Date.now()) + Math.random(), ...words };
    one.secret = input.type === "password";
    waiting.push(one);
    keep();
    log.querySelectorAll(".chat-options button").forEach((old) => { old.disabled = true; });
    if (socket.readyState === WebSocket.OPEN) post(one);
    else tell(box.dataset.waiting, false);
  }

  function post(one) {
    const { secret: _, ...frame } = one;
    socket.send(JSON.stringify(frame));
  }

  function retry(id) {
    const one = waiting.find((each) => each.id === id);
    if (one && socket.readyState === WebSocket.OPEN) post(one);
  }

  function done(id) {
    waiting = waiting.filter((one) => one.id !== id);
    keep();
    if (!waiting.length) box.querySelector("[data-typing]")?.remove();
  }

  /* A first visit begins with the menu, as if they had said hello; a page that comes back does not. */
  function greet(last) {
    if (last === 0 && !waiting.length) speak({ text: box.dataset.opening });
  }

  /* A picture goes beside the socket; what becomes of it is said in the chat. */
  const file = box.querySelector("[data-file]");
  file.onchange = async () => {
    const [picture] = file.files;
    file.value = "";
    if (!picture) return;
    typing();
    try {
      const sent = await fetch(box.dataset.files + "?id=" + Date.now() + Math.random(), { method: "POST", body: picture });
      if (sent.ok) return;
      const why = await sent.json().catch(() => ({ reason: box.dataset.waiting }));
      tell(why.reason, true);
    } catch { tell(box.dataset.offline, false); }
    box.querySelector("[data-typing]")?.remove();
  };

  form.onsubmit = (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (text) speak({ text });
    input.value = "";
  };
  addEventListener("online", () => { if (socket.readyState === WebSocket.CLOSED) connect(); });
  connect();
}

document.querySelectorAll("[data-chat]").forEach(startChat);
