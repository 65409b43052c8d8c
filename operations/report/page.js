// Draws the page's charts in the language and colours chosen. Okabe and Ito's palette: told
// apart by colour-blind readers, with lighter tones on dark ground.
const specs = JSON.parse(document.getElementById("specs").textContent);
const root = document.documentElement;
const colours = {
  light: { ink: "#1a1f26", soft: "#4d5661", line: "#d5dae0", back: "#f6f7f9",
    range: ["#0072b2", "#d55e00", "#009e73", "#aa4499", "#8a6d00"], ramp: ["#eef4fa", "#7db4de"] },
  dark: { ink: "#eceff3", soft: "#b4bdc8", line: "#3a434e", back: "#1c2229",
    range: ["#56b4e9", "#f0964a", "#2fc79a", "#dd8fcb", "#e0c64b"], ramp: ["#232d38", "#2d6ca2"] },
};
const numbers = {
  count: { maximumFractionDigits: 0 },
  amount: { minimumFractionDigits: 2, maximumFractionDigits: 2 },
  number: { maximumFractionDigits: 1 },
  small: { maximumSignificantDigits: 3 },
  share: { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 },
};

function config(theme) {
  const c = colours[theme];
  const isNarrow = innerWidth < 500;
  return {
    background: null,
    font: getComputedStyle(document.body).fontFamily,
    mark: { color: c.range[0] }, bar: { color: c.range[0] }, point: { color: c.range[0], opacity: 1 },
    line: { color: c.range[0], strokeWidth: 2.5 }, rule: { color: c.soft }, text: { color: c.ink },
    rect: { stroke: c.back, strokeWidth: 2 },
    range: { category: c.range, ramp: c.ramp, heatmap: c.ramp },
    view: { stroke: null },
    axis: { labelColor: c.soft, titleColor: c.soft, titleFontWeight: "normal", gridColor: c.line,
      gridOpacity: 0.6, domainColor: c.line, tickColor: c.line, labelLimit: isNarrow ? 110 : 220, labelFontSize: 11,
      labelOverlap: true },
    axisQuantitative: { tickCount: 6 },
    axisDiscrete: { grid: false },
    legend: { labelColor: c.ink, orient: "top", labelFontSize: 12, columns: isNarrow ? 1 : 3, labelLimit: 230, title: null },
  };
}

async function draw() {
  const language = root.lang.startsWith("zh") ? "zh" : "en";
  for (const place of document.querySelectorAll("[data-chart]")) {
    const parts = specs[place.dataset.chart][language].map(({ title, spec }) => {
      const part = document.createElement("div");
      if (title) {
        const heading = document.createElement("p");
        heading.className = "heading";
        heading.textContent = title;
        part.append(heading);
      }
      const view = document.createElement("div");
      view.className = "view";
      part.append(view);
      return { part, view, spec };
    });
    place.replaceChildren(...parts.map(({ part }) => part));
    for (const { view, spec } of parts) {
      await vegaEmbed(view, spec, { actions: false, renderer: "svg", config: config(root.dataset.theme) });
    }
  }
  root.dataset.drawn = `${language} ${root.dataset.theme}`;
}

function speak(language) {
  root.lang = language === "zh" ? "zh-CN" : "en";
  for (const each of document.querySelectorAll("[data-en]")) each.textContent = each.dataset[language];
  const label = language === "zh" ? "labelZh" : "labelEn";
  for (const each of document.querySelectorAll("[data-label-en]")) {
    each.setAttribute("aria-label", each.dataset[label]);
  }
  for (const each of document.querySelectorAll("[data-number]")) {
    const format = new Intl.NumberFormat(root.lang, numbers[each.dataset.format]);
    each.textContent = format.format(Number(each.dataset.number));
  }
}

function colour(theme) {
  root.dataset.theme = theme;
  document.getElementById("theme").setAttribute("aria-pressed", String(theme === "dark"));
}

const dark = matchMedia("(prefers-color-scheme: dark)");
colour(dark.matches ? "dark" : "light");
speak(navigator.language.startsWith("zh") ? "zh" : "en");
dark.addEventListener("change", () => { colour(dark.matches ? "dark" : "light"); draw(); });
document.getElementById("theme").addEventListener("click", () => {
  colour(root.dataset.theme === "dark" ? "light" : "dark");
  draw();
});
document.getElementById("language").addEventListener("click", () => {
  speak(root.lang === "en" ? "zh" : "en");
  draw();
});
await draw();
