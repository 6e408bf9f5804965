"use strict";
// Without this script every funnel, sentence and table is there; charts and the choice of a funnel need it.
const funnels = [...document.querySelectorAll(".funnel")];
const choice = document.querySelector("#choice");
const config = JSON.parse(document.querySelector("#chart-config").textContent);
const views = new Map();
document.documentElement.classList.add("js");

// The specification is read with Vega's interpreter (ast), so the page's policy need not allow code made from text.
const draw = async (place) => {
  const specification = JSON.parse(document.getElementById(place.dataset.specification).textContent);
  place.style.minHeight = `${specification.height}px`; // what stands below shall not jump
  try {
    const drawn = await window.drawChart(place, specification, {
      mode: "vega-lite", renderer: "svg", ast: true, actions: false, defaultStyle: false, config,
      tooltip: { disableDefaultStyle: true },
    });
    views.set(place, drawn.view);
  } catch (error) {
    place.textContent = "This chart could not be drawn; its table is below.";
    console.error(error);
  }
  place.style.minHeight = "";
};
// A hidden chart has no width, so a funnel's charts are drawn when it is first shown.
const drawWithin = (part) => {
  const places = [...part.querySelectorAll(".chart:not(.drawn)")];
  for (const place of places) place.classList.add("drawn");
  return Promise.all(places.map(draw));
};
const show = (funnel) => {
  for (const other of funnels) other.classList.toggle("shown", other === funnel);
  if (choice) choice.value = funnel.id;
  return drawWithin(funnel);
};
// The fragment names a funnel or something inside it: whoever opens the link sees the same.
const named = () => {
  let id = "";
  try { id = decodeURIComponent(location.hash.slice(1)); } catch { return null; }
  return id ? document.getElementById(id) : null;
};
const follow = async () => {
  const target = named();
  const funnel = target?.closest(".funnel") ?? document.querySelector(".funnel.shown") ?? funnels[0];
  if (funnel) await show(funnel);
  if (target && target !== funnel) target.scrollIntoView();
};
if (choice) {
  choice.addEventListener("change", () => {
    history.replaceState(null, "", `#${choice.value}`);
    show(document.getElementById(choice.value));
  });
}
addEventListener("hashchange", follow);
follow();
for (const part of document.querySelectorAll("main > .foot")) drawWithin(part);

// On paper charts are as wide as the paper, drawn again so that their letters keep their size.
const resize = (width) => {
  for (const place of views.keys()) place.style.width = width;
  dispatchEvent(new Event("resize"));
  for (const view of views.values()) view.run();
};
addEventListener("beforeprint", () => resize("640px"));
addEventListener("afterprint", () => resize(""));
