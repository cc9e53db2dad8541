'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const root = document.documentElement;
  root.classList.add('scripted');
  const rows = data.rows;
  const several = rows.length > 1;

  // ------------------------------------------------------------------------------------------------ words

  const digits = value => {
    const size = Math.abs(value);
    return value.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
  };
  const trimmed = text => text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  const duration = us => us == null ? '\u2014'
    : us < 999.5 ? digits(us) + ' us'
    : us < 999.5e3 ? digits(us / 1e3) + ' ms'
    : digits(us / 1e6) + ' s';
  const tickDuration = us => us < 999.5 ? trimmed(us.toPrecision(3)) + ' us'
    : us < 999.5e3 ? trimmed((us / 1e3).toPrecision(3)) + ' ms'
    : trimmed((us / 1e6).toPrecision(5)) + ' s';
  const count = value => value == null ? '\u2014'
    : Math.abs(value) >= 1000 || value === Math.round(value) ? Math.round(value).toLocaleString('en-US')
    : digits(value);
  const tickCount = value => Math.abs(value) >= 1e6 ? trimmed((value / 1e6).toFixed(2)) + 'M'
    : Math.abs(value) >= 1e4 ? trimmed((value / 1e3).toFixed(1)) + 'k'
    : trimmed(value.toFixed(2));
  const bytes = value => value == null ? '\u2014'
    : value < 1e3 ? value + ' B' : value < 1e6 ? digits(value / 1e3) + ' kB' : digits(value / 1e6) + ' MB';
  const clock = (s, span) => {
    if (span < 180) { return trimmed(s.toFixed(1)) + ' s'; }
    const sign = s < 0 ? '-' : '';
    const whole = Math.round(Math.abs(s));
    const two = n => String(n).padStart(2, '0');
    return sign + (span < 7200
      ? Math.floor(whole / 60) + ':' + two(whole % 60)
      : Math.floor(whole / 3600) + ' h ' + two(Math.floor(whole / 60) % 60));
  };
  const percentOf = x => {
    const places = Math.max(0, Math.round(Math.log10(x)) - 2);
    return trimmed((100 * (1 - 1 / x)).toFixed(Math.min(places + 1, 6))) + '%';
  };

  // ------------------------------------------------------------------------------------------------ colours

  let theme = {};
  const readTheme = () => {
    const style = getComputedStyle(root);
    const value = name => style.getPropertyValue('--' + name).trim();
    theme = { series: [1, 2, 3, 4, 5, 6].map(n => value('series-' + n)) };
    for (const name of ['ground', 'raised', 'ink', 'quiet', 'line', 'accent', 'fault', 'fault-ink']) {
      theme[name] = value(name);
    }
    theme.dark = !root.hasAttribute('data-paper') && matchMedia('(prefers-color-scheme: dark)').matches;
    Chart.defaults.color = theme.quiet;
    Chart.defaults.borderColor = theme.line;
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    Chart.defaults.font.size = 12;
  };
  Chart.defaults.animation = false;
  Chart.defaults.maintainAspectRatio = false;
  Chart.defaults.plugins.legend.display = false;
  const dashes = [[], [7, 3], [2, 2], [9, 3, 2, 3], [4, 4], [12, 4]];
  const colour = i => theme.series[i % theme.series.length];
  const dash = i => dashes[(i + Math.floor(i / theme.series.length)) % dashes.length];

  // ------------------------------------------------------------------------------------------------ figures

  const figures = [];

  // Draws a chart into the figure with this id and again whenever its choice, the colours or the paper change.
  // `draw(choice)` gives the chart's configuration, with `key` beside it: [{label, colour, dash}].
  const figure = (id, choices, draw) => {
    const place = document.getElementById(id);
    if (!place) { return; }
    const canvas = place.querySelector('.plot canvas');
    const key = place.querySelector('.key');
    let choice = choices.length > 0 ? (choices.find(each => each.first) || choices[0]).value : null;
    let chart = null;
    const redraw = () => {
      const config = draw(choice);
      key.replaceChildren(...config.key.map(keyItem));
      if (chart) { chart.destroy(); }
      chart = new Chart(canvas, config);
    };
    if (choices.length > 1) { place.querySelector('.tools').append(choose(id, choices, choice, value => { choice = value; redraw(); })); }
    const half = place.closest('.pair');
    figures.push({ redraw, resize: paper => !paper ? chart.resize() : half ? chart.resize(430, 200) : chart.resize(880, 270) });
  };

  const choose = (name, choices, first, chosen) => {
    const set = document.createElement('fieldset');
    const legend = document.createElement('legend');
    legend.textContent = 'Show';
    set.append(legend);
    choices.forEach(choice => {
      const label = document.createElement('label');
      const input = document.createElement('input');
      input.type = 'radio';
      input.name = name + '-choice';
      input.checked = choice.value === first;
      input.addEventListener('change', () => chosen(choice.value));
      label.append(input, choice.label);
      set.append(label);
    });
    return set;
  };

  const keyItem = item => {
    const li = document.createElement('li');
    const sample = document.createElement('canvas');
    sample.width = 52;
    sample.height = 20;
    sample.setAttribute('aria-hidden', 'true');
    const ctx = sample.getContext('2d');
    ctx.scale(2, 2);
    if (item.fill) {
      ctx.fillStyle = item.fill;
      ctx.fillRect(6, 0, 14, 10);
    } else {
      ctx.strokeStyle = item.colour;
      ctx.lineWidth = 2;
      ctx.setLineDash(item.dash || []);
      ctx.beginPath();
      ctx.moveTo(0, 5);
      ctx.lineTo(26, 5);
      ctx.stroke();
    }
    li.append(sample, item.label);
    return li;
  };

  const stepsOfDecade = [
    [1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 2, 2.2, 2.4, 2.6, 2.8, 3, 3.5, 4, 4.5, 5, 5.5, 6, 7, 8, 9],
    [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8],
    [1, 2, 5],
    [1],
  ];
  // The finest of these steps that makes no more than `most`.
  const logTicks = (min, max, most) => {
    const make = steps => {
      const ticks = [];
      for (let e = Math.floor(Math.log10(min)); e <= Math.ceil(Math.log10(max)); ++e) {
        for (const step of steps) {
          const value = step * 10 ** e;
          if (value >= min * 0.999 && value <= max * 1.001) { ticks.push({ value }); }
        }
      }
      return ticks;
    };
    return stepsOfDecade.map(make).find(ticks => ticks.length <= most) || make([1]);
  };
  const roundDown = value => {
    const decade = 10 ** Math.floor(Math.log10(value));
    return decade * [...stepsOfDecade[1]].reverse().find(step => step * decade <= value * 1.0001);
  };
  const roundUp = value => {
    const decade = 10 ** Math.floor(Math.log10(value));
    return decade * [...stepsOfDecade[1], 10].find(step => step * decade >= value * 0.9999);
  };
  const latencyAxis = datasets => {
    const values = datasets.flatMap(set => set.data.map(point => point.y)).filter(y => y > 0);
    const min = values.length ? roundDown(Math.min(...values)) : 100;
    let max = values.length ? roundUp(Math.max(...values)) : 1000;
    if (max <= min) { max = min * 2; }
    return {
      type: 'logarithmic', min, max,
      afterBuildTicks: axis => { axis.ticks = logTicks(min, max, 13); },
      ticks: { callback: tickDuration, autoSkip: false },
      grid: { drawBorder: false }, border: { display: false },
    };
  };

  // ------------------------------------------------------------------------------------------------ spectrum

  const kinds = [['response', 'response'], ['end_to_end', 'end to end'], ['service', 'service'],
                 ['lateness', 'send delay'], ['connect', 'connect'], ['generator_lag', 'scheduling delay']];

  // A cross where a curve ends because what follows was never answered.
  const ends = {
    id: 'ends',
    afterDatasetsDraw(chart) {
      const ctx = chart.ctx;
      chart.data.datasets.forEach((set, i) => {
        const points = chart.getDatasetMeta(i).data;
        if (!set.cut || points.length === 0) { return; }
        const { x, y } = points[points.length - 1];
        ctx.save();
        ctx.strokeStyle = set.borderColor;
        ctx.lineWidth = 2.5;
        ctx.beginPath();
        ctx.moveTo(x - 5, y - 5); ctx.lineTo(x + 5, y + 5);
        ctx.moveTo(x - 5, y + 5); ctx.lineTo(x + 5, y - 5);
        ctx.stroke();
        ctx.restore();
      });
    },
  };

  const drawSpectrum = choice => {
    const datasets = [];
    const key = [];
    rows.forEach((row, i) => {
      const name = choice === 'headline' ? row.headline : choice;
      const spectrum = row.spectra[name];
      if (!spectrum) { return; }
      const points = list => list.map(([x, y]) => ({ x, y }));
      const cut = spectrum.unanswered + spectrum.overflow > 0;
      if (name === row.headline) {
        for (const repeat of row.repeats) {
          datasets.push({ data: points(repeat), borderColor: colour(i) + '55', borderWidth: 1, pointRadius: 0,
                          pointHitRadius: 0, repeat: true });
        }
      }
      datasets.push({ label: row.label, data: points(spectrum.points), borderColor: colour(i), borderWidth: 2,
                      borderDash: dash(i), pointRadius: 0, pointHitRadius: 8, pointHoverRadius: 4, cut });
      const all = spectrum.count + spectrum.unanswered;
      const said = name === row.headline && name !== rows[0].headline ? row.label + ', ' + name.replaceAll('_', ' ') : row.label;
      key.push({ colour: colour(i), dash: dash(i),
                 label: spectrum.unanswered > 0
                   ? `${said}: ${count(spectrum.unanswered)} of ${count(all)} never came; the curve ends at \u00d7`
                   : said });
    });
    const most = Math.max(100, ...datasets.flatMap(set => set.data.map(point => point.x)));
    return {
      type: 'line', key, plugins: [ends],
      data: { datasets },
      options: {
        parsing: false, interaction: { mode: 'nearest', intersect: false },
        layout: { padding: { right: 8, top: 6 } },
        scales: {
          x: {
            type: 'logarithmic', min: 1, max: most,
            afterBuildTicks: axis => {
              const wide = axis.chart.width > 600;
              axis.ticks = logTicks(1, most, 0);
              if (wide) { axis.ticks.push({ value: 2 }, { value: 4 }, { value: 20 }); axis.ticks.sort((a, b) => a.value - b.value); }
            },
            ticks: { callback: percentOf, autoSkip: false, maxRotation: 0 },
            title: { display: true, text: 'percentile, on the scale 1 / (1 \u2212 p)' },
            grid: { drawBorder: false },
          },
          y: latencyAxis(datasets),
        },
        plugins: { tooltip: {
          filter: item => !item.dataset.repeat,
          callbacks: {
            title: items => items.length ? 'P' + percentOf(items[0].parsed.x).replace('%', '') : '',
            label: item => `${item.dataset.label}: ${duration(item.parsed.y)}`,
          } } },
      },
    };
  };

  // ------------------------------------------------------------------------------------------------ over time

  const span = (() => {
    let from = Infinity;
    let to = -Infinity;
    for (const { series } of rows) {
      if (series.at.length > 0) {
        from = Math.min(from, series.at[0]);
        to = Math.max(to, series.at[series.at.length - 1] + series.width);
      }
    }
    return from < to ? { from, to } : { from: 0, to: 1 };
  })();

  // Shades the faults and what was not measured, and marks where stages begin; in front of nothing.
  const paintWindows = (ctx, area, xOf, labelled) => {
    ctx.save();
    ctx.beginPath();
    ctx.rect(area.left, area.top - (labelled ? 40 : 0), area.right - area.left, area.bottom - area.top + 40);
    ctx.clip();
    ctx.font = '11px ' + Chart.defaults.font.family;
    const taken = [];
    const write = (text, x, ink) => {
      const width = ctx.measureText(text).width;
      const left = Math.max(area.left + 2, Math.min(x, area.right - width - 2));
      for (const line of [0, 1]) {
        if (taken.every(t => t.line !== line || left > t.right + 6 || left + width + 6 < t.left)) {
          taken.push({ line, left, right: left + width });
          ctx.fillStyle = ink;
          ctx.fillText(text, left, area.top - 4 - 13 * line);
          return;
        }
      }
    };
    for (const stage of data.stages) {
      const x = xOf(stage.from);
      if (!stage.measured) {
        ctx.fillStyle = theme.raised;
        ctx.fillRect(x, area.top, xOf(Math.min(stage.to, span.to)) - x, area.bottom - area.top);
      }
      if (stage.from > span.from) {
        ctx.strokeStyle = theme.line;
        ctx.setLineDash([3, 3]);
        ctx.beginPath();
        ctx.moveTo(x, area.top);
        ctx.lineTo(x, area.bottom);
        ctx.stroke();
      }
    }
    ctx.setLineDash([]);
    if (data.drain < span.to) {
      const x = xOf(data.drain);
      ctx.fillStyle = theme.raised;
      ctx.fillRect(x, area.top, area.right - x, area.bottom - area.top);
      ctx.strokeStyle = theme.line;
      ctx.beginPath();
      ctx.moveTo(x, area.top);
      ctx.lineTo(x, area.bottom);
      ctx.stroke();
    }
    for (const fault of data.faults) {
      const x = xOf(fault.from);
      ctx.fillStyle = theme.fault;
      ctx.fillRect(x, area.top, Math.max(2, xOf(fault.to) - x), area.bottom - area.top);
      if (labelled) { write(fault.label, x, theme['fault-ink']); }
    }
    if (labelled) {
      if (data.drain < span.to) { write('drain', xOf(data.drain), theme.quiet); }
      for (const stage of data.stages) { write(stage.measured ? stage.name : stage.name + ' (not measured)', xOf(stage.from), theme.quiet); }
    }
    ctx.restore();
  };
  const windows = {
    id: 'windows',
    beforeDatasetsDraw(chart) {
      paintWindows(chart.ctx, chart.chartArea, s => chart.scales.x.getPixelForValue(s), true);
    },
  };

  const labelRoom = data.faults.length + data.stages.length > 0 || data.drain < span.to ? 34 : 8;
  const overTime = (datasets, key, yAxis, format) => ({
    type: 'line', key, plugins: [windows],
    data: { datasets },
    options: {
      parsing: false, spanGaps: false, interaction: { mode: 'index', intersect: false },
      layout: { padding: { top: labelRoom, right: 10 } },
      scales: {
        x: { type: 'linear', min: span.from, max: span.to,
             ticks: { callback: s => clock(s, span.to - span.from), maxRotation: 0, autoSkipPadding: 16 },
             grid: { display: false } },
        y: yAxis,
      },
      plugins: { tooltip: { callbacks: {
        title: items => items.length ? 'about ' + clock(items[0].parsed.x, span.to - span.from) : '',
        label: item => `${item.dataset.label}: ${format(item.parsed.y)}`,
      } } },
    },
  });
  const lineOf = (series, name, label, index) => {
    const values = series[name];
    // A lone value between two gaps is a point, for a line needs two.
    const alone = values.map((y, i) => y != null && values[i - 1] == null && values[i + 1] == null);
    return { label, data: series.at.map((at, i) => ({ x: at + series.width / 2, y: values[i] == null ? NaN : values[i] })),
             borderColor: colour(index), backgroundColor: colour(index), borderDash: dash(index), borderWidth: 1.75,
             pointRadius: alone.map(is => is ? 2 : 0), pointHitRadius: 6, pointHoverRadius: 3 };
  };
  const known = set => set.data.some(point => !Number.isNaN(point.y));
  const countAxis = () => ({ type: 'linear', beginAtZero: true, grid: { drawBorder: false },
                             ticks: { callback: tickCount, maxTicksLimit: 7 } });
  // One row: all the figures at once. Several: one figure at a time, all rows at once.
  const timeFigure = (id, names, axis, format) => {
    const choices = several ? names.map(([value, label, first]) => ({ value, label, first })) : [];
    figure(id, choices, choice => {
      const datasets = (several
        ? rows.map((row, i) => lineOf(row.series, choice, row.label, i))
        : names.map(([name, label], i) => lineOf(rows[0].series, name, label, i))).filter(known);
      const key = datasets.map(set => ({ label: set.label, colour: set.borderColor, dash: set.borderDash }));
      return overTime(datasets, key, axis(datasets), format);
    });
  };

  // ------------------------------------------------------------------------------------------------ heat map

  const ramp = () => theme.dark
    ? [[28, 52, 74], [46, 112, 168], [108, 182, 245], [232, 244, 255]]
    : [[222, 235, 247], [133, 184, 224], [31, 111, 178], [8, 42, 84]];
  const heatColour = share => {
    const stops = ramp();
    const at = Math.max(0, Math.min(0.9999, share)) * (stops.length - 1);
    const i = Math.floor(at);
    const mix = stops[i].map((from, c) => Math.round(from + (stops[i + 1][c] - from) * (at - i)));
    return `rgb(${mix.join(',')})`;
  };
  const heatMaps = () => {
    const place = document.getElementById('heat');
    if (!place) { return; }
    const columns = rows.flatMap(row => row.series.heat).filter(column => column.length > 1);
    const first = Math.min(...columns.map(column => column[0]));
    const last = Math.max(...columns.map(column => column[0] + column.length - 1));
    const most = columns.reduce((max, column) => column.slice(1).reduce((m, n) => Math.max(m, n), max), 1);
    const share = n => most > 1 ? Math.log(n) / Math.log(most) : 1;
    const places = [...place.querySelectorAll('.map')];
    const edge = bucket => 10 ** (bucket / 10);

    const paint = (map, paperWidth) => {
      const { series } = rows[Number(map.dataset.row)];
      const canvas = map.querySelector('canvas');
      const width = paperWidth || canvas.clientWidth;
      const height = paperWidth ? 200 : canvas.clientHeight;
      if (width === 0 || height === 0) { return; }
      const dpr = paperWidth ? 2 : devicePixelRatio || 1;
      canvas.width = Math.round(width * dpr);
      canvas.height = Math.round(height * dpr);
      const ctx = canvas.getContext('2d');
      ctx.scale(dpr, dpr);
      const area = { left: 54, right: width - 10, top: labelRoom, bottom: height - 22 };
      const xOf = s => area.left + (s - span.from) / (span.to - span.from) * (area.right - area.left);
      const yOf = bucket => area.bottom - (bucket - first) / (last - first) * (area.bottom - area.top);
      paintWindows(ctx, area, xOf, true);
      series.heat.forEach((column, i) => {
        const left = Math.floor(xOf(series.at[i]) * dpr) / dpr;
        const right = Math.floor(xOf(series.at[i] + series.width) * dpr) / dpr;
        for (let k = 1; k < column.length; ++k) {
          if (column[k] > 0) {
            const bottom = Math.round(yOf(column[0] + k - 1) * dpr) / dpr;
            const top = Math.round(yOf(column[0] + k) * dpr) / dpr;
            ctx.fillStyle = heatColour(share(column[k]));
            ctx.fillRect(left, top, Math.max(right - left, 1), bottom - top);
          }
        }
      });
      ctx.font = '12px ' + Chart.defaults.font.family;
      ctx.fillStyle = theme.quiet;
      ctx.strokeStyle = theme.line;
      ctx.textAlign = 'right';
      ctx.textBaseline = 'middle';
      const low = edge(first);
      const high = edge(last);
      for (const { value } of logTicks(low, high, Math.floor((area.bottom - area.top) / 22))) {
        const y = yOf(10 * Math.log10(value));
        ctx.fillText(tickDuration(value), area.left - 6, y);
      }
      ctx.beginPath();
      ctx.moveTo(area.left, area.top);
      ctx.lineTo(area.left, area.bottom);
      ctx.lineTo(area.right, area.bottom);
      ctx.stroke();
      ctx.textBaseline = 'top';
      const room = Math.max(2, Math.floor((area.right - area.left) / 70));
      const step = niceStep((span.to - span.from) / room);
      for (let s = Math.ceil(span.from / step) * step; s <= span.to + 1e-9; s += step) {
        const text = clock(s, span.to - span.from);
        const half = ctx.measureText(text).width / 2;
        ctx.textAlign = 'center';
        ctx.fillText(text, Math.min(xOf(s), width - half - 1), area.bottom + 5);
      }
      map.area = { ...area, series };
    };
    const niceStep = least => [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400,
                               28800, 86400, 604800].find(step => step >= least) || least;
    const say = (map, event) => {
      const out = place.querySelector('output');
      const area = map.area;
      const box = map.querySelector('canvas').getBoundingClientRect();
      const s = span.from + (event.clientX - box.left - area.left) / (area.right - area.left) * (span.to - span.from);
      const bucket = Math.floor(first + (area.bottom - (event.clientY - box.top)) / (area.bottom - area.top) * (last - first));
      const i = area.series.at.findIndex(at => s >= at && s < at + area.series.width);
      const column = i < 0 ? [] : area.series.heat[i];
      const n = column.length > 1 ? column[bucket - column[0] + 1] || 0 : 0;
      out.textContent = i < 0 || bucket < first || bucket >= last ? ''
        : `${clock(area.series.at[i], span.to - span.from)}, ${tickDuration(edge(bucket))} to ${tickDuration(edge(bucket + 1))}: ${count(n)}`;
    };
    const paintScale = () => {
      const canvas = place.querySelector('.scale canvas');
      canvas.width = 240;
      canvas.height = 20;
      const ctx = canvas.getContext('2d');
      for (let x = 0; x < 240; ++x) {
        ctx.fillStyle = heatColour(x / 239);
        ctx.fillRect(x, 0, 1, 20);
      }
      place.querySelector('.scale .most').textContent = count(most);
    };
    const redraw = () => { paintScale(); places.forEach(map => paint(map)); };
    places.forEach(map => {
      map.addEventListener('mousemove', event => say(map, event));
      map.addEventListener('mouseleave', () => { place.querySelector('output').textContent = ''; });
    });
    new ResizeObserver(() => places.forEach(map => paint(map))).observe(place);
    figures.push({ redraw, resize: paper => places.forEach(map => paint(map, paper ? 880 : 0)) });
  };

  // ------------------------------------------------------------------------------------------------ costs

  const bars = (id, name, format) => figure(id, [], () => {
    const sides = [['generator', 0], ['server', 1]].filter(([side]) => rows.some(row => row.costs[side][name] != null));
    return {
      type: 'bar',
      key: sides.map(([side, i]) => ({ label: side, fill: colour(i) })),
      data: {
        labels: rows.map(row => row.label),
        datasets: sides.map(([side, i]) => ({ label: side, data: rows.map(row => row.costs[side][name]),
                                              backgroundColor: colour(i), maxBarThickness: 22 })),
      },
      options: {
        indexAxis: 'y', interaction: { mode: 'index', axis: 'y', intersect: false },
        layout: { padding: { right: 12 } },
        scales: {
          x: { stacked: true, beginAtZero: true, ticks: { callback: value => format(value), maxTicksLimit: 5, maxRotation: 0 }, grid: { drawBorder: false } },
          y: { stacked: true, grid: { display: false } },
        },
        plugins: { tooltip: { callbacks: { label: item => `${item.dataset.label}: ${format(item.raw)}` } } },
      },
    };
  });
  const tickBytes = value => value >= 1e6 ? trimmed((value / 1e6).toFixed(2)) + ' MB'
    : value >= 1e3 ? trimmed((value / 1e3).toFixed(1)) + ' kB' : trimmed(value.toFixed(1)) + ' B';

  // ------------------------------------------------------------------------------------------------ all

  readTheme();
  const present = kinds.filter(([name]) => rows.some(row => row.spectra[name]));
  const headlines = new Set(rows.map(row => row.headline));
  figure('spectrum', [
    { value: 'headline', label: headlines.size === 1 && headlines.has('end_to_end') ? 'end to end' : 'response' },
    ...present.filter(([name]) => !(headlines.size === 1 && headlines.has(name)) && !(headlines.size > 1 && name === 'response'))
      .map(([value, label]) => ({ value, label })),
  ], drawSpectrum);
  timeFigure('latency-time', [['p50', 'P50'], ['p95', 'P95', true], ['p99', 'P99'], ['max', 'max']], latencyAxis, duration);
  heatMaps();
  timeFigure('throughput-time', [['due', 'due'], ['acknowledged', 'acknowledged', true], ['delivered', 'delivered']], countAxis, y => count(y) + '/s');
  timeFigure('errors-time', [['errors', 'errors']], countAxis, y => count(y) + '/s');
  timeFigure('connected-time', [['connected', 'connected']], countAxis, count);
  timeFigure('backlog-time', [['pending', 'due, not delivered'], ['cached', 'cached'], ['in_flight', 'in flight']],
             countAxis, count);
  bars('cpu-bars', 'cpu', value => value == null ? '\u2014' : trimmed(value.toFixed(2)) + ' us');
  bars('memory-bars', 'memory', value => value == null ? '\u2014' : tickBytes(value));

  const redrawAll = () => {
    readTheme();
    figures.forEach(each => each.redraw());
  };
  redrawAll();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redrawAll);

  // On paper: light, as wide as A4, and with what is folded for the screen only opened.
  const folded = [];
  addEventListener('beforeprint', () => {
    root.setAttribute('data-paper', '');
    document.querySelectorAll('details[data-print]:not([open])').forEach(each => { each.open = true; folded.push(each); });
    redrawAll();
    figures.forEach(each => each.resize(true));
  });
  addEventListener('afterprint', () => {
    root.removeAttribute('data-paper');
    folded.splice(0).forEach(each => { each.open = false; });
    redrawAll();
    figures.forEach(each => each.resize(false));
  });
})();
