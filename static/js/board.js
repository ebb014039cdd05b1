/* Draws the charts of the status board from the figures in the page; the tables beside them hold the same figures. */
"use strict";

(() => {
  const figures = JSON.parse(document.getElementById("board-data").textContent);
  const board = document.querySelector(".board");
  let drawn = [];

  const lies = (chart) => chart.kind.endsWith("rows"); // bars from left to right

  const token = (name, from = board) => getComputedStyle(from).getPropertyValue(name).trim();

  function datasets(chart) {
    return chart.series.map((series, at) => {
      const colour = token(`--${chart.name === "ageing" ? "age" : "board"}-${(at % 6) + 1}`);
      const line = chart.kind === "lines";
      return {
        label: series.label,
        data: series.values,
        backgroundColor: colour,
        borderColor: line ? colour : token("--body-bg"),
        borderWidth: line ? 2 : 1,
        borderDash: line && at > 0 ? [6, 4] : [],
        pointStyle: ["circle", "triangle", "rect"][at % 3],
        pointRadius: 4,
        spanGaps: false,
      };
    });
  }

  function options(chart) {
    const ink = token("--body-fg");
    const grid = token("--hairline-color");
    const stacked = chart.kind.startsWith("stacked");
    const axis = { stacked, ticks: { color: ink, precision: 0 }, grid: { color: grid }, beginAtZero: true };
    return {
      animation: false,
      indexAxis: lies(chart) ? "y" : "x",
      maintainAspectRatio: false,
      plugins: { legend: { position: "bottom", labels: { color: ink, usePointStyle: chart.kind === "lines" } } },
      scales: { x: axis, y: { ...axis } },
    };
  }

  function draw() {
    drawn.forEach((chart) => chart.destroy());
    drawn = figures.map(
      (chart) =>
        new Chart(document.querySelector(`[data-chart="${chart.name}"]`), {
          type: chart.kind === "lines" ? "line" : "bar",
          data: { labels: chart.labels, datasets: datasets(chart) },
          options: options(chart),
        }),
    );
  }

  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
})();
