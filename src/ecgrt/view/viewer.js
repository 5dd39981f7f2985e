// Curves to zoom and move, by uPlot. What they hold stands in the page as JSON; what they show is
// in the page's drawings and tables too, for printers, screen readers and browsers without scripts.
(() => {
  "use strict";
  const host = document.getElementById("viewer");
  const spec = JSON.parse(document.getElementById("viewer-data").textContent);
  const least = Math.min(1, spec.duration); // seconds that are seen at most zoom
  const bandRow = 18; // pixels of the labels along the top
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 14400, 21600];
  let plots = [];
  // Seconds count from midnight where the time of day is known, so that axes are marked on the hour.
  const first = spec.clock ?? 0;
  const end = first + spec.duration;
  let range = [first, end];

  const pad = (value, width = 2) => String(value).padStart(width, "0");
  const clock = (seconds) => {
    const known = spec.clock !== null;
    const tenths = Math.round(seconds * 10);
    const whole = Math.floor(tenths / 10);
    const hours = Math.floor(whole / 3600);
    const minutes = pad(Math.floor(whole / 60) % 60);
    const rest = tenths % 10 ? `.${tenths % 10}` : "";
    if (!known && !hours) return `${Number(minutes)}:${pad(whole % 60)}${rest}`;
    return `${known ? pad(hours % 24) : hours}:${minutes}:${pad(whole % 60)}${rest}`;
  };

  const numbers = (data) => {
    if (Array.isArray(data)) return data;
    const bytes = Uint8Array.from(atob(data.int16), (letter) => letter.charCodeAt(0));
    const view = new DataView(bytes.buffer);
    return Array.from({ length: bytes.length / 2 }, (_, i) => {
      const value = view.getInt16(2 * i, true);
      return value === -32768 ? null : value * data.scale;
    });
  };

  const times = (x, count) =>
    Array.isArray(x)
      ? x.map((seconds) => first + seconds)
      : Array.from({ length: count }, (_, i) => first + x.start + i * x.step);

  const look = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const hatch = (context, left, top, width, height) => {
    context.save();
    context.beginPath();
    context.rect(left, top, width, height);
    context.clip();
    context.strokeStyle = look("--hatch");
    context.lineWidth = devicePixelRatio;
    context.beginPath();
    for (let x = left - height; x < left + width; x += 7 * devicePixelRatio) {
      context.moveTo(x, top + height);
      context.lineTo(x + height, top);
    }
    context.stroke();
    context.restore();
  };

  const drawBand = (u, band) => {
    const { left, top, width, height } = u.bbox;
    const from = Math.max(u.valToPos(first + band.from, "x", true), left);
    const to = Math.min(u.valToPos(first + band.to, "x", true), left + width);
    if (to <= from) return;
    const tall = band.hatched ? height : bandRow * devicePixelRatio;
    if (band.hatched) hatch(u.ctx, from, top, to - from, tall);
    if (band.fill) {
      u.ctx.fillStyle = band.fill;
      u.ctx.fillRect(from, top, Math.max(to - from, 1), bandRow * devicePixelRatio);
    }
    u.ctx.font = `600 ${12 * devicePixelRatio}px sans-serif`;
    if (u.ctx.measureText(band.label).width + 6 * devicePixelRatio > to - from) return;
    u.ctx.fillStyle = band.fill ? "#000" : look("--text");
    u.ctx.textAlign = "left";
    u.ctx.textBaseline = "top";
    const below = band.fill ? 3 : bandRow + 3;
    u.ctx.fillText(band.label, from + 3 * devicePixelRatio, top + below * devicePixelRatio);
  };

  const drawMarks = (u, marks) => {
    const { top, width } = u.bbox;
    const size = 4 * devicePixelRatio;
    const y = top + (bandRow + 2) * devicePixelRatio;
    const seen = marks.map((at) => first + at).filter((at) => at >= range[0] && at <= range[1]);
    if (seen.length * size > width) return;
    u.ctx.fillStyle = look("--beat");
    for (const at of seen) {
      const x = u.valToPos(at, "x", true);
      u.ctx.beginPath();
      u.ctx.moveTo(x - size, y);
      u.ctx.lineTo(x + size, y);
      u.ctx.lineTo(x, y + 1.6 * size);
      u.ctx.fill();
    }
  };

  const show = (from, to) => {
    const length = Math.min(Math.max(to - from, least), spec.duration);
    const start = Math.min(Math.max(from, first), end - length);
    range = [start, start + length];
    for (const plot of plots) plot.setScale("x", { min: range[0], max: range[1] });
    const [left, right] = range.map((at) => (length > 60 ? Math.round(at) : at));
    status.textContent = `From ${clock(left)} to ${clock(right)}`;
  };
  const zoom = (factor, at = (range[0] + range[1]) / 2) =>
    show(at - (at - range[0]) * factor, at + (range[1] - at) * factor);
  const move = (share) => {
    const by = (range[1] - range[0]) * share;
    show(range[0] + by, range[1] + by);
  };

  const actions = [
    ["Earlier", () => move(-0.25), ["ArrowLeft"]],
    ["Later", () => move(0.25), ["ArrowRight"]],
    ["Zoom in", () => zoom(0.5), ["+", "="]],
    ["Zoom out", () => zoom(2), ["-"]],
    ["All", () => show(first, end), ["Home", "0"]],
  ];

  const status = document.createElement("span");
  status.setAttribute("role", "status");
  const toolbar = () => {
    const bar = document.createElement("div");
    bar.className = "toolbar";
    bar.setAttribute("role", "toolbar");
    bar.setAttribute("aria-label", "Zoom and move");
    for (const [name, action] of actions) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = name;
      button.addEventListener("click", action);
      bar.append(button);
    }
    bar.append(status);
    return bar;
  };

  const onWheel = (event, plot) => {
    if (event.ctrlKey || event.metaKey) {
      const at = plot.posToVal(event.clientX - plot.over.getBoundingClientRect().left, "x");
      zoom(event.deltaY > 0 ? 1.25 : 0.8, at);
    } else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      move(event.deltaX / plot.over.clientWidth);
    } else return;
    event.preventDefault();
  };

  // A drag zooms, which is uPlot's; with the shift key it moves. A click follows a band's link.
  const listen = (plot, chart) => {
    plot.over.addEventListener("wheel", (event) => onWheel(event, plot), { passive: false });
    plot.over.addEventListener("dblclick", () => show(first, end));
    let pressed = null;
    plot.over.addEventListener(
      "mousedown",
      (event) => {
        pressed = { x: event.clientX, range };
        if (event.shiftKey) event.stopImmediatePropagation();
      },
      true,
    );
    addEventListener("mousemove", (event) => {
      if (!pressed || !event.shiftKey || !event.buttons) return;
      const share = (pressed.x - event.clientX) / plot.over.clientWidth;
      const by = (pressed.range[1] - pressed.range[0]) * share;
      show(pressed.range[0] + by, pressed.range[1] + by);
    });
    plot.over.addEventListener("click", (event) => {
      const still = pressed && Math.abs(event.clientX - pressed.x) < 3;
      pressed = null;
      const at = plot.posToVal(event.offsetX, "x") - first;
      const band = chart.bands.find((one) => one.href && one.from <= at && at < one.to);
      if (still && band) location.hash = band.href;
    });
  };

  // Leaves room for the labels and the beats along the top.
  const around = (low, high) => {
    if (low === null) return [0, 1];
    const spread = high - low || 1;
    return [low - 0.06 * spread, high + 0.25 * spread];
  };

  const options = (chart, width) => ({
    width,
    height: chart.height,
    scales: {
      x: { time: false, range: () => range },
      y: { range: chart.range ? () => chart.range : (_, low, high) => around(low, high) },
    },
    axes: [
      {
        stroke: look("--quiet"),
        grid: { stroke: look("--line"), width: 1 },
        ticks: { stroke: look("--line") },
        incrs: steps,
        space: 80,
        values: (_, splits) => splits.map(clock),
      },
      {
        stroke: look("--quiet"),
        grid: { stroke: look("--line"), width: 1 },
        ticks: { stroke: look("--line") },
        size: 60,
        label: chart.unit,
        labelSize: 18,
      },
    ],
    series: [
      { label: "Time", value: (_, seconds) => (seconds === null ? "" : clock(seconds)) },
      ...chart.series.map((series) => ({
        label: series.label,
        stroke: series.stroke.startsWith("--") ? look(series.stroke) : series.stroke,
        width: series.width,
        points: { show: series.points },
        spanGaps: false,
        paths: series.stepped ? uPlot.paths.stepped({ align: 1 }) : undefined,
        value: (_, value) => (value === null ? "" : value.toFixed(series.digits)),
      })),
    ],
    padding: [null, 32, null, null],
    cursor: { sync: { key: "ecgrt" }, drag: { x: true, y: false, setScale: false } },
    hooks: {
      drawAxes: [
        (u) => {
          u.ctx.save();
          chart.bands.forEach((band) => drawBand(u, band));
          u.ctx.restore();
        },
      ],
      draw: [(u) => drawMarks(u, chart.marks)],
      setSelect: [
        (u) => {
          if (u.select.width < 4) return;
          show(u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x"));
          u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
        },
      ],
    },
  });

  const charts = spec.charts.map((chart) => {
    const series = chart.series.map((one) => numbers(one.data));
    return { ...chart, data: [times(chart.x, series[0].length), ...series] };
  });
  const frames = charts.map((chart) => {
    const frame = document.createElement("div");
    const title = document.createElement("h3");
    title.textContent = chart.title;
    host.append(title, frame);
    return frame;
  });

  const draw = () => {
    plots.forEach((plot) => plot.destroy());
    plots = charts.map((chart, i) => {
      const plot = new uPlot(options(chart, frames[i].clientWidth), chart.data, frames[i]);
      const canvas = plot.root.querySelector(".u-wrap");
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", chart.title);
      const legend = plot.root.querySelector(".u-legend");
      legend.setAttribute("aria-label", `${chart.title}, values at the pointer`);
      listen(plot, chart);
      return plot;
    });
    show(...range);
  };

  host.prepend(toolbar());
  host.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const action = actions.find(([, , keys]) => keys.includes(event.key));
    if (!action) return;
    event.preventDefault();
    action[1]();
  });
  document.documentElement.classList.add("live");
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  new ResizeObserver(() => {
    plots.forEach((plot, i) => {
      const width = frames[i].clientWidth;
      if (width && width !== plot.width) plot.setSize({ width, height: charts[i].height });
    });
  }).observe(host);
})();
