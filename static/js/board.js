/* Draws each chart of the status board when it comes into sight, from the figures in the page; the tables beside them
   hold the same figures. The library is fetched for the first chart: most visits end above them. */
"use strict";

(() => {
  const library = document.currentScript.dataset.library;
  const figures = JSON.parse(document.getElementById("board-data").textContent);
  const board = document.querySelector(".board");
  const drawn = new Map(); // canvas -> chart
  let fetched;

  const lies = (chart) => chart.kind.endsWith("rows"); // bars from left to right
  const drawsLines = (chart) => chart.kind === "lines" || chart.kind === "curves";

  const token = (name, from = board) => getComputedStyle(from).getPropertyValue(name).trim();

  // A group's share as a mark on the range in which chance alone would leave it: the wider range is the thinner bar.
  function marksOnRanges(chart) {
    const ink = token("--bs-body-color");
    const ranges = [token("--board-2"), token("--board-3")];
    return chart.series.map((series, at) =>
      at === 0
        ? { label: series.label, data: series.values, type: "line", showLine: false, pointStyle: "rectRot", pointRadius: 8,
            backgroundColor: ink, borderColor: token("--bs-body-bg"), borderWidth: 2 }
        : { label: series.label, data: series.values, grouped: false, barPercentage: at === 1 ? 0.7 : 0.3,
            backgroundColor: ranges[at - 1], borderColor: token("--bs-body-bg"), borderWidth: 1, order: at },
    );
  }

  function datasets(chart) {
    if (chart.kind === "limit-rows") return marksOnRanges(chart);
    return chart.series.map((series, at) => {
      const colour = token(`--${chart.name === "ageing" ? "age" : "board"}-${(at % 6) + 1}`);
      const line = drawsLines(chart);
      const days = chart.kind === "curves"; // the distance between two days is that on the axis
      return {
        label: series.label,
        data: days ? series.values.map((value, day) => ({ x: Number(chart.labels[day]), y: value })) : series.values,
        backgroundColor: colour,
        borderColor: line ? colour : token("--bs-body-bg"),
        borderWidth: line ? 2 : 1,
        borderDash: line && at > 0 ? [6, 4] : [],
        pointStyle: ["circle", "triangle", "rect"][at % 3],
        pointRadius: 4,
        spanGaps: false,
      };
    });
  }

  function options(chart) {
    const ink = token("--bs-body-color");
    const grid = token("--bs-border-color");
    const stacked = chart.kind.startsWith("stacked");
    const axis = { stacked, ticks: { color: ink, precision: 0 }, grid: { color: grid }, beginAtZero: true };
    const named = (name) => ({ title: { display: Boolean(chart.axes), text: chart.axes?.[name], color: ink } });
    const days = chart.kind === "curves" ? { type: "linear" } : {};
    const shares = chart.axes ? { [lies(chart) ? "x" : "y"]: { max: 100 } } : {};
    return {
      animation: false,
      indexAxis: lies(chart) ? "y" : "x",
      maintainAspectRatio: false,
      plugins: { legend: { position: "bottom", labels: { color: ink, usePointStyle: drawsLines(chart) || chart.kind === "limit-rows" } } },
      scales: { x: { ...axis, ...named("x"), ...days, ...shares.x }, y: { ...axis, ...named("y"), ...shares.y } },
    };
  }

  function fetchLibrary() {
    fetched ??= new Promise((done) => {
      const script = document.createElement("script");
      script.addEventListener("load", done);
      script.src = library;
      document.head.append(script);
    });
    return fetched;
  }

  function draw(canvas) {
    const chart = figures.find((one) => one.name === canvas.dataset.chart);
    drawn.get(canvas)?.destroy();
    drawn.set(
      canvas,
      new Chart(canvas, {
        type: drawsLines(chart) ? "line" : "bar",
        data: { labels: chart.labels, datasets: datasets(chart) },
        options: options(chart),
      }),
    );
    canvas.dataset.drawn = "";
  }

  const sight = new IntersectionObserver(
    async (entries) => {
      const seen = entries.filter((entry) => entry.isIntersecting).map((entry) => entry.target);
      seen.forEach((canvas) => sight.unobserve(canvas));
      if (seen.length === 0) return;
      await fetchLibrary();
      seen.forEach(draw);
    },
    { rootMargin: "300px 0px" },
  );
  const drawAgain = () => [...drawn.keys()].forEach(draw);

  board.querySelectorAll("canvas[data-chart]").forEach((canvas) => sight.observe(canvas));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAgain);
})();
