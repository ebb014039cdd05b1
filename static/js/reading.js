// The keys of the reading worklist and of an answer: every one of them presses what a mouse could press as well.
"use strict";

(() => {
  const TYPED_INTO = "textarea, select, input:not([type=radio], [type=checkbox], [type=submit], [type=button])";

  const isTyping = (event) =>
    event.target.matches(TYPED_INTO) || event.target.isContentEditable || event.ctrlKey || event.metaKey || event.altKey;

  const keyOf = (control) => control.querySelector("kbd").textContent.trim().toLowerCase();

  // Answers are chosen; buttons are only gone to, so that one key never saves anything.
  function answerKeys(form) {
    const actions = new Map();
    for (const label of form.querySelectorAll("label:has(kbd)")) {
      const input = document.getElementById(label.htmlFor);
      input.setAttribute("aria-keyshortcuts", keyOf(label));
      actions.set(keyOf(label), () => {
        input.checked = true;
        input.dispatchEvent(new Event("change", { bubbles: true }));
        input.focus();
      });
    }
    for (const button of form.querySelectorAll("button:has(kbd)")) {
      button.setAttribute("aria-keyshortcuts", keyOf(button));
      actions.set(keyOf(button), () => button.focus());
    }
    return actions;
  }

  function listKeys() {
    const links = [...document.querySelectorAll(".readings .who-link")];
    const move = (by) => () => {
      const at = links.indexOf(document.activeElement);
      const to = at < 0 ? 0 : Math.min(Math.max(at + by, 0), links.length - 1);
      links[to]?.focus();
    };
    return new Map([["j", move(1)], ["k", move(-1)]]);
  }

  const form = document.querySelector(".answer-form");
  const actions = form ? answerKeys(form) : listKeys();
  document.documentElement.dataset.readingKeys = "on";
  document.addEventListener("keydown", (event) => {
    const act = isTyping(event) ? undefined : actions.get(event.key.toLowerCase());
    if (act) {
      event.preventDefault();
      act();
    }
  });
})();
