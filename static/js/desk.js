// The keys of the desk, and what makes a call quicker. Every key does what a link or button on the page does as well.
"use strict";

(() => {
  const TYPED_INTO = "textarea, select, input:not([type=radio], [type=checkbox], [type=submit], [type=button])";
  const form = document.querySelector(".call-form");
  const keysDialog = document.getElementById("keys");

  const isTyping = (event) => event.target.closest(TYPED_INTO) !== null || event.target.isContentEditable;
  const find = (selector) => document.querySelector(selector);
  const go = (link) => link && window.location.assign(link.href);

  // A list: one row is the current one, the row whose link has the focus.
  const rows = [...document.querySelectorAll("table:not(.readings) .who-link")].filter((link) => link.closest("tr"));
  const at = () => rows.findIndex((link) => link.closest("tr").contains(document.activeElement));

  function move(by) {
    const from = at();
    const to = from < 0 ? 0 : Math.min(Math.max(from + by, 0), rows.length - 1);
    rows[to].focus();
    rows[to].closest("tr").scrollIntoView({ block: "nearest" });
  }

  function addressOf(step) {
    const recall = new URL(rows[Math.max(at(), 0)].href);
    return new URL(`${step}/${recall.search}`, recall).href; // the query leads back to this list
  }
  const tickOf = () => rows[at()]?.closest("tr").querySelector("[name=recall]");

  const listKeys = {
    j: () => move(1),
    k: () => move(-1),
    c: () => window.location.assign(addressOf("log_contact")),
    b: () => window.location.assign(addressOf("book_appointment")),
    n: () => window.location.assign(`${addressOf("add_note")}#note`),
    x: () => tickOf()?.click(),
    w: () => find("#bulk-do")?.focus(),
  };

  // Free times to choose from: the chosen one has the focus, so that Enter books it.
  const times = [...document.querySelectorAll(".times input[type=radio]")];

  function chooseTime(by) {
    const from = times.findIndex((time) => time.checked);
    const to = times[Math.min(Math.max(from + by, 0), times.length - 1)];
    to.checked = true;
    to.focus();
  }

  // The phone number on the recall's page: one key opens its field, Enter saves it in place and leads back to the call.
  function editPhone() {
    const panel = find(".edit-contact");
    if (!panel) return;
    panel.open = true;
    const mobile = panel.querySelector("[name=contact-mobile]");
    const home = panel.querySelector("[name=contact-home]");
    const field = mobile.value === "" && home.value !== "" ? home : mobile;
    field.focus();
    field.select();
  }

  document.body.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "reach") return;
    const wrong = find("#reach .is-invalid");
    if (wrong) wrong.focus();
    else if (find("#reach[data-saved]")) (find(".call-form input[type=radio]") ?? find(".edit-contact summary"))?.focus();
  });

  // One recall.
  const recallKeys = {
    j: () => (times.length ? chooseTime(1) : go(find("a[rel=next]"))),
    k: () => (times.length ? chooseTime(-1) : go(find("a[rel=up]"))),
    c: () => (form ? form.querySelector("input[type=radio], textarea").focus() : go(find("a[href*='/log_contact/']"))),
    b: () => go(find("a[href*='/book_']")),
    t: () => find("form.take-held button")?.click(),
    l: () => find("form.take-lane button[aria-keyshortcuts]")?.click(),
    p: () => editPhone(),
    n: () => (find("[name=note]") ? find("[name=note]").focus() : go(find("a[href*='/add_note/']"))),
  };

  const everywhere = {
    "/": () => find("[type=search]")?.focus(),
    "?": () => keysDialog?.showModal(),
    u: () => find("form.undo button:not([disabled])")?.click(),
  };

  function choose(key) {
    const label = [...form.querySelectorAll("label.result")].find((one) => one.querySelector("kbd").textContent === key);
    const answer = label && document.getElementById(label.htmlFor);
    if (!answer) return false;
    answer.checked = true;
    answer.focus();
    return true;
  }

  function actOn(key) {
    if (form && /^[0-9]$/.test(key)) return choose(key);
    const here = rows.length ? listKeys : find(".recall-head") ? recallKeys : {};
    const act = here[key] ?? everywhere[key];
    if (act) act();
    return Boolean(act);
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && isTyping(event)) event.target.blur();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.target.closest(".step-form")?.requestSubmit();
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || keysDialog?.open) return;
    if (!isTyping(event) && actOn(event.key)) event.preventDefault();
  });

  for (const link of document.querySelectorAll(".keys-link")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      keysDialog.showModal();
    });
  }

  // A menu of the header closes by Escape, which leads back to its name, and when the focus or a click goes elsewhere.
  for (const menu of document.querySelectorAll(".menu")) {
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.open) return;
      menu.open = false;
      menu.querySelector("summary").focus();
    });
    menu.addEventListener("focusout", (event) => {
      if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
    });
    document.addEventListener("pointerdown", (event) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
  }

  // A button pressed twice sends once; the server would do it once in any case.
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || event.target.method !== "post") return;
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "yes";
  });
  window.addEventListener("pageshow", () => {
    for (const one of document.querySelectorAll("form[data-sent]")) delete one.dataset.sent;
  });

  // The offer to undo ends when the server would refuse it; it stays in its place, so that nothing moves.
  for (const offer of document.querySelectorAll("form.undo")) {
    setTimeout(() => {
      offer.querySelector("button").disabled = true;
      offer.classList.add("is-over");
    }, Number(offer.dataset.endsAfter) * 1000);
  }

  // Whoever types is here: a sign of life every two minutes keeps the recall claimed.
  if (form) {
    let typed = false;
    form.addEventListener("input", () => { typed = true; });
    setInterval(() => {
      if (!typed) return;
      typed = false;
      const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
      fetch(form.dataset.here, { method: "POST", headers: { "X-CSRFToken": token } });
    }, 120000);
  }

  if (window.location.hash === "#note") find("[name=note]")?.focus();

  document.documentElement.dataset.deskKeys = "on";
})();
