// Puts figures that move in the place of the drawn ones; on paper the drawn ones stay.
(() => {
  "use strict";
  const plots = JSON.parse(document.getElementById("report-plots").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const drawn = [];
  const theme = () => (dark.matches ? "dark" : "light");
  const put = (box, key) => {
    const figure = plots[key][theme()];
    const layout = { ...figure.layout, autosize: true };
    delete layout.width;
    // Plotly's own bar and hints are in English, whatever the report's language.
    Plotly.react(box, figure.data, layout, { displayModeBar: false, showTips: false, responsive: true });
  };
  const begin = (figure) => {
    const key = figure.dataset.key;
    const plot = figure.querySelector(".plot");
    if (!plot || !plots[key]) return;
    const box = document.createElement("div");
    box.className = "moving";
    plot.classList.add("replaced");
    plot.append(box);
    put(box, key);
    drawn.push([box, key]);
  };
  const map = document.querySelector('figure[data-key="map"] .plot');
  if (map && document.getElementById("clio-map-data")) {
    const box = document.createElement("div");
    box.id = "clio-map";
    box.lang = "en";
    box.className = "moving";
    map.classList.add("replaced");
    map.append(box);
  }
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) {
        seen.unobserve(entry.target);
        begin(entry.target);
      }
    }
  }, { rootMargin: "400px" });
  document.querySelectorAll("figure[data-key]").forEach((figure) => seen.observe(figure));
  dark.addEventListener("change", () => drawn.forEach(([box, key]) => put(box, key)));
})();
