// SPDX-License-Identifier: MIT
// The time line of the monitor's page: level and gate, log-mel, timestep, scores, and work or power, on one time axis.
// page.py calls monitor.init({labels, silent, span_s, work}) once and monitor.push({readings, marks, settings}) ten times per second.
window.monitor = (() => {
  const HUES = ["#2a9d8f", "#e76f51", "#4477cc", "#e9a820", "#9b5de5", "#43aa1a", "#d6336c", "#00a6c8", "#8d6e63", "#7a8b00", "#c77dff", "#5c7cfa"];
  const LEFT = 92, RIGHT = 132, GAP = 16, QUIET_DB = -80;
  let setup = null, readings = [], marks = [], settings = {};

  const panels = () => [
    { title: "Level", unit: "dB", height: 66, low: QUIET_DB, high: 0, ticks: [-60, -30, 0], draw: level },
    { title: "Log-mel", unit: "", height: 112, low: 0, high: 1, ticks: [], draw: picture },
    { title: "Timestep", unit: "ms", height: 54, low: 0, high: most(r => r.step, 120), draw: steps },
    { title: "Scores", unit: "", height: 186, low: 0, high: 1, ticks: [0, 0.5, 1], draw: scores },
    setup.power ? { title: "Power, estimated", unit: "mW", height: 54, low: 0, high: most(r => r.power, 1), draw: line(r => r.power, "#d6336c") }
      : setup.work ? { title: "Work", unit: "M " + setup.work + "/s", height: 54, low: 0, high: most(r => r.work, 1), draw: line(r => r.work, "#d6336c") } : null,
  ].filter(panel => panel);

  const most = (of, least) => 1.1 * Math.max(least, ...readings.map(r => of(r) || 0));
  const dark = () => document.body.classList.contains("body--dark");
  const ink = strength => dark() ? `rgba(255,255,255,${strength})` : `rgba(0,0,0,${strength})`;
  const hue = i => HUES[i % HUES.length];
  const silent = i => setup.silent.includes(i);

  // black, violet, orange, pale yellow
  const STOPS = [[8, 6, 30], [90, 20, 110], [200, 60, 80], [250, 150, 50], [252, 250, 190]];
  const SHADES = Array.from({ length: 256 }, (_, i) => {
    const at = i / 255 * (STOPS.length - 1), k = Math.min(Math.floor(at), STOPS.length - 2), part = at - k;
    return STOPS[k].map((from, c) => Math.round(from + part * (STOPS[k + 1][c] - from)));
  });

  function line(of, colour) {
    return (g, box) => {
      g.strokeStyle = colour; g.lineWidth = 1.5; g.beginPath();
      let before = false;
      for (const r of readings) {
        const value = of(r);
        if (value === null || value === undefined) { before = false; continue; }
        before ? g.lineTo(box.x(r.t), box.y(value)) : g.moveTo(box.x(r.t), box.y(value));
        before = true;
      }
      g.stroke();
    };
  }

  function level(g, box) {
    g.fillStyle = dark() ? "rgba(42,157,143,.30)" : "rgba(42,157,143,.18)";
    let opened = null; // one rectangle for each time that the gate was open
    readings.forEach((r, i) => {
      if (r.gate && opened === null) opened = r.t - r.length;
      if (opened !== null && (!r.gate || i === readings.length - 1)) {
        const closed = r.gate ? r.t : r.t - r.length;
        g.fillRect(box.x(opened), box.top, box.x(closed) - box.x(opened), box.height);
        opened = null;
      }
    });
    line(r => r.db, "#2a9d8f")(g, box);
    const threshold = settings["energy_threshold"];
    if (threshold > 0) {
      const y = box.y(20 * Math.log10(threshold));
      g.strokeStyle = ink(0.55); g.setLineDash([5, 4]); g.beginPath(); g.moveTo(box.left, y); g.lineTo(box.right, y); g.stroke(); g.setLineDash([]);
      g.fillStyle = ink(0.7); g.textAlign = "left"; g.fillText("gate opens", box.right + 8, Math.min(y + 4, box.top + box.height));
    }
  }

  function picture(g, box) {
    const seen = readings.filter(r => r.mel);
    if (!seen.length) { g.fillStyle = ink(0.5); g.textAlign = "center"; g.fillText("the port is too slow for sound", (box.left + box.right) / 2, box.top + box.height / 2); return; }
    const columns = Math.round(setup.span_s / 0.04), rows = seen[0].mel.length / 2;
    const image = new ImageData(columns, rows), last = readings[readings.length - 1].t;
    for (const r of seen) {
      const column = columns - 1 - Math.round((last - r.t) / 0.04);
      if (column < 0) continue;
      for (let i = 0; i < rows; i++) {
        const shade = SHADES[parseInt(r.mel.substr(2 * i, 2), 16)], at = 4 * ((rows - 1 - i) * columns + column);
        image.data[at] = shade[0]; image.data[at + 1] = shade[1]; image.data[at + 2] = shade[2]; image.data[at + 3] = 255;
      }
    }
    const sheet = new OffscreenCanvas(columns, rows);
    sheet.getContext("2d").putImageData(image, 0, 0);
    g.imageSmoothingEnabled = false;
    g.drawImage(sheet, box.left, box.top, box.right - box.left, box.height);
    g.fillStyle = ink(0.6); g.textAlign = "right"; g.fillText("high", box.left - 8, box.top + 10); g.fillText("low", box.left - 8, box.top + box.height);
  }

  function steps(g, box) {
    g.strokeStyle = "#e76f51"; g.lineWidth = 1.5; g.beginPath();
    readings.forEach((r, i) => { i ? g.lineTo(box.x(r.t - r.length), box.y(r.step)) : g.moveTo(box.x(r.t), box.y(r.step)); g.lineTo(box.x(r.t), box.y(r.step)); });
    g.stroke();
  }

  function scores(g, box) {
    const order = setup.labels.map((_, i) => i).sort((a, b) => silent(b) - silent(a)), last = readings[readings.length - 1];
    for (const i of order) {
      g.globalAlpha = silent(i) ? 0.35 : 1;
      line(r => r.scores[i], silent(i) ? ink(0.8) : hue(i))(g, box);
      const threshold = settings["thresholds." + setup.labels[i]];
      if (threshold > 0) { g.fillStyle = hue(i); g.fillRect(box.right - 7, box.y(threshold) - 1, 7, 2.5); }
    }
    g.globalAlpha = 1; g.textAlign = "left";
    const room = Math.floor((box.height + 6) / 15), best = new Set([...last.scores.keys()].sort((a, b) => last.scores[b] - last.scores[a]).slice(0, room));
    let row = 0;
    setup.labels.forEach((label, i) => {
      if (setup.labels.length > room && !best.has(i)) return;
      const y = box.top + 8 + 15 * row++, score = last.scores[i] || 0;
      g.fillStyle = silent(i) ? ink(0.45) : hue(i);
      g.font = (score > 0.5 ? "600 " : "") + "12px system-ui, sans-serif";
      g.fillText(label.length > 11 ? label.slice(0, 10) + "…" : label, box.right + 8, y + 3);
      g.textAlign = "right"; g.fillText(score.toFixed(2), box.right + RIGHT - 10, y + 3); g.textAlign = "left";
    });
    g.font = "12px system-ui, sans-serif";
  }

  function frame(g, box, panel) {
    g.textAlign = "left"; g.fillStyle = ink(0.87); g.font = "600 12px system-ui, sans-serif";
    g.fillText(panel.title, 4, box.top - 5);
    if (panel.unit) { g.font = "12px system-ui, sans-serif"; g.fillStyle = ink(0.6); const w = g.measureText(panel.title).width; g.fillText(panel.unit, 14 + w + 6, box.top - 5); }
    g.font = "12px system-ui, sans-serif"; g.strokeStyle = ink(0.12); g.lineWidth = 1;
    for (const tick of panel.ticks || [0, panel.high / 1.1]) {
      const y = Math.round(box.y(tick)) + 0.5;
      g.beginPath(); g.moveTo(box.left, y); g.lineTo(box.right, y); g.stroke();
      g.textAlign = "right"; g.fillStyle = ink(0.6); g.fillText(Number(tick.toPrecision(3)), box.left - 8, y + 4);
    }
  }

  function draw() {
    const canvas = document.getElementById("timeline");
    if (!canvas || !setup || !readings.length) return;
    const all = panels(), width = canvas.parentElement.clientWidth, scale = window.devicePixelRatio || 1;
    const height = all.reduce((sum, panel) => sum + panel.height + GAP + 12, 0) + 22;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale); canvas.height = Math.round(height * scale);
      canvas.style.width = width + "px"; canvas.style.height = height + "px";
    }
    const g = canvas.getContext("2d");
    g.setTransform(scale, 0, 0, scale, 0, 0); g.clearRect(0, 0, width, height);
    const last = readings[readings.length - 1].t, left = LEFT, right = width - RIGHT;
    const x = t => left + (right - left) * (1 - (last - t) / setup.span_s);
    let top = GAP + 4;
    const first = top;
    for (const panel of all) {
      const box = { left, right, top, height: panel.height, x, y: null };
      const at = top;
      box.y = value => at + panel.height * (1 - (Math.min(Math.max(value, panel.low), panel.high) - panel.low) / (panel.high - panel.low));
      frame(g, box, panel);
      g.save(); g.beginPath(); g.rect(left, top - 2, right - left + RIGHT, panel.height + 4); g.rect(0, top, left, panel.height + 2); g.clip();
      panel.draw(g, box);
      g.restore();
      top += panel.height + GAP + 12;
    }
    const bottom = top - GAP - 12;
    g.textAlign = "center"; g.font = "12px system-ui, sans-serif";
    for (let t = Math.ceil(last - setup.span_s); t <= last; t++) {
      if (t < 0 || t % 2) continue;
      g.fillStyle = ink(0.6); g.fillText(t + " s", x(t), bottom + 18);
      g.strokeStyle = ink(0.15); g.beginPath(); g.moveTo(x(t), bottom); g.lineTo(x(t), bottom + 5); g.stroke();
    }
    for (const mark of marks) {
      if (mark.t < last - setup.span_s) continue;
      const colour = mark.near ? "#e9a820" : hue(setup.labels.indexOf(mark.label));
      g.strokeStyle = colour; g.lineWidth = 1; g.setLineDash(mark.near ? [3, 3] : []); g.globalAlpha = 0.6;
      g.beginPath(); g.moveTo(x(mark.t), first); g.lineTo(x(mark.t), bottom); g.stroke(); g.setLineDash([]); g.globalAlpha = 1;
      const text = mark.near ? mark.label + "?" : mark.label;
      g.font = "600 12px system-ui, sans-serif"; g.textAlign = "center";
      const w = g.measureText(text).width + 10, cx = Math.min(Math.max(x(mark.t), left + w / 2), right - w / 2);
      g.fillStyle = colour; g.beginPath(); g.roundRect(cx - w / 2, first - 17, w, 16, 8); g.fill();
      g.fillStyle = "#fff"; g.fillText(text, cx, first - 5);
    }
  }

  window.addEventListener("resize", draw);
  return {
    init(given) { setup = given; readings = []; marks = []; draw(); },
    push(given) {
      readings.push(...given.readings); marks.push(...given.marks); settings = given.settings;
      const last = readings.length ? readings[readings.length - 1].t : 0;
      readings = readings.filter(r => r.t > last - setup.span_s - 0.1); marks = marks.filter(m => m.t > last - setup.span_s);
      draw();
    },
  };
})();
