// A product's curves drawn when they are asked for, as the charts beside are: band and mean over price, marks of prices.
function drawCurves(figure, curve, names, words) {
  const space = "http://www.w3.org/2000/svg";
  const [width, height, left, bottom, top] = [300, 170, 52, 34, 8];
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", `0 0 ${width * names.length} ${height}`);
  svg.setAttribute("aria-hidden", "true");
  const put = (name, attributes, text) => {
    const element = document.createElementNS(space, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    svg.append(element);
  };
  const short = (value) => value.toLocaleString("en", { maximumSignificantDigits: 3 });
  names.forEach((name, number) => {
    const [mean, low, high] = curve[name];
    const start = number * width + left;
    const [cheap, dear] = [curve.price[0], curve.price[curve.price.length - 1]];
    const [least, most] = [Math.min(0, ...low), Math.max(0, ...high) || 1];
    const x = (price) => start + ((price - cheap) / (dear - cheap || 1)) * (width - left - 10);
    const y = (value) => height - bottom - ((value - least) / (most - least || 1)) * (height - bottom - top);
    const shade = (from, to) => put("rect", { x: x(from), y: top, width: Math.max(x(to) - x(from), 0),
      height: height - bottom - top, fill: "var(--shade)", "fill-opacity": 0.25 });
    if (curve.observed[0] > cheap) shade(cheap, Math.min(curve.observed[0], dear));
    if (curve.observed[1] < dear) shade(Math.max(curve.observed[1], cheap), dear);
    const line = (values) => values.map((value, at) => `${x(curve.price[at])},${y(value)}`);
    put("polygon", { points: [...line(low), ...line(high).reverse()].join(" "), fill: "var(--accent)", "fill-opacity": 0.25 });
    put("polyline", { points: line(mean).join(" "), fill: "none", stroke: "var(--accent)", "stroke-width": 1.8 });
    const mark = (price, colour, dashes) => {
      if (price === null || price < cheap || price > dear) return;
      put("line", { x1: x(price), x2: x(price), y1: top, y2: height - bottom, stroke: colour, "stroke-dasharray": dashes });
    };
    mark(curve.current, "currentColor", "2 3");
    mark(curve.recommended, "var(--second)", "none");
    mark(curve.competitor, "var(--shade)", "5 3");
    for (const price of curve.seen) put("line", { x1: x(price), x2: x(price), y1: height - bottom, y2: height - bottom - 5, stroke: "currentColor", "stroke-width": 0.7 });
    put("path", { d: `M${start} ${top}V${height - bottom}H${width * (number + 1) - 10}`, fill: "none", stroke: "currentColor", "stroke-width": 0.7 });
    const text = { fill: "currentColor", "font-size": 9 };
    for (const price of [cheap, (cheap + dear) / 2, dear]) put("text", { ...text, x: x(price), y: height - bottom + 12, "text-anchor": "middle" }, short(price));
    for (const value of [least, most]) put("text", { ...text, x: start - 4, y: y(value) + 3, "text-anchor": "end" }, short(value));
    put("text", { ...text, x: start + (width - left) / 2, y: height - 6, "text-anchor": "middle" }, "price");
    put("text", { ...text, transform: `translate(${number * width + 10} ${height / 2}) rotate(-90)`, "text-anchor": "middle" }, name);
  });
  const title = document.createElement("h3");
  const caption = document.createElement("figcaption");
  title.textContent = curve.product;
  caption.textContent = words;
  figure.replaceChildren(title, svg, caption);
}
const furtherCurves = document.getElementById("further-curves");
if (furtherCurves) {
  const { names, curves } = JSON.parse(furtherCurves.textContent);
  const choice = document.getElementById("further-product");
  choice.addEventListener("change", () => {
    const figure = document.getElementById("further-curve");
    const curve = curves[choice.selectedIndex - 1];
    if (curve) drawCurves(figure, curve, names, curve.words);
    else figure.replaceChildren();
  });
}
