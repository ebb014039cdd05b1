/* One key on a card that has the focus: u for useful, n for not useful, j and k to the next and the one before. */
"use strict";

(() => {
  const cards = [...document.querySelectorAll(".case-card")];

  function move(card, by) {
    cards[Math.min(Math.max(cards.indexOf(card) + by, 0), cards.length - 1)].focus();
  }

  for (const card of cards) {
    card.tabIndex = 0;
    card.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const key = event.key.toLowerCase();
      const button = card.querySelector(`button[data-key="${CSS.escape(key)}"]`);
      if (!button && key !== "j" && key !== "k") return;
      event.preventDefault();
      event.stopPropagation();
      if (button) button.click();
      else move(card, key === "j" ? 1 : -1);
    });
  }
})();
