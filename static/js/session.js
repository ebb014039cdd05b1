// Warns before the session ends, and hides the page when it has. Typing counts as being here; other tabs count too, since the server is asked.
"use strict";

(() => {
  const warning = document.getElementById("session-warning");
  if (!warning) return;
  const { stillHere, warnBefore } = warning.dataset; // address; seconds before the end
  const button = warning.querySelector("button");
  const [ending, ended] = warning.querySelectorAll("[data-says]");
  const token = warning.querySelector("[name=csrfmiddlewaretoken]").value;
  const PING_AFTER = 60000;
  const [again, keep] = warning.querySelectorAll("[data-after-end]");
  let typedForm = null; // the last form that was typed into and that the server keeps for its typist
  let typed = false;
  let timer = 0;

  const show = (words) => {
    ending.hidden = words !== ending;
    ended.hidden = words !== ended;
    button.hidden = words !== ending;
    warning.hidden = words === null;
    // Nobody reads over a desk that was left: the page is hidden, and what was typed stays behind it.
    document.body.classList.toggle("signed-out", words === ended);
    keep.hidden = words !== ended || !typedForm;
    again.hidden = words !== ended;
  };

  async function ask(method) {
    const answer = await fetch(stillHere, { method, headers: { "X-CSRFToken": token }, redirect: "manual" });
    return answer.ok ? (await answer.json()).seconds_left : 0;
  }

  // Looks again when the warning or the end is due; a failed request says nothing about the session.
  async function look(method = "GET") {
    clearTimeout(timer);
    let left;
    try {
      left = await ask(method);
    } catch {
      timer = setTimeout(look, PING_AFTER);
      return;
    }
    show(left <= 0 ? ended : left <= Number(warnBefore) ? ending : null);
    if (left > 0) timer = setTimeout(look, 1000 * (left > Number(warnBefore) ? left - Number(warnBefore) : left + 1));
  }

  button.addEventListener("click", (event) => {
    event.preventDefault();
    look("POST");
  });
  document.addEventListener("input", (event) => {
    typed = true;
    const form = event.target.form;
    if (form && form.elements.typed_by) typedForm = form;
  });
  // Sent without a session the fields are kept for half an hour, and shown to the same person after signing in.
  keep.addEventListener("click", () => {
    typedForm.noValidate = true;
    typedForm.requestSubmit();
  });
  setInterval(() => {
    if (typed) look("POST");
    typed = false;
  }, PING_AFTER);
  timer = setTimeout(look, 1000 * Number(warning.dataset.firstLook));
})();
