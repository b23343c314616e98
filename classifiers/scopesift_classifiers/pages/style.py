"""CSS of scopesift's pages: light and dark, for print and small screens, without external resources."""

STYLE = """
:root { color-scheme: light dark; --ground: #fcfcfb; --ink: #1c1b1f; --dim: #67656e; --line: #e2e0e6; --panel: #f4f3f6;
  --ours: #5b4bd6; --ours-soft: #5b4bd63d; --probe: #0b8793; --mean: #a09aa8; --words: #c26a00; --for: 229 72 77;
  --against: 45 120 220; --good: #1b7f4d; --bad: #b3261e; --radius: .7rem; }
@media (prefers-color-scheme: dark) { :root { --ground: #151417; --ink: #ecebf0; --dim: #a09da9; --line: #35333b;
  --panel: #1f1d23; --ours: #a89bff; --ours-soft: #a89bff42; --probe: #4cc3cf; --mean: #8b8693; --words: #f0a24a;
  --for: 255 110 110; --against: 110 170 255; --good: #5fce95; --bad: #ff8a80; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
body { font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif; color: var(--ink);
  background: var(--ground); max-width: 60rem; margin: 0 auto; padding: 2.2rem 1.1rem 4rem; }
h1 { font-size: 1.75rem; line-height: 1.2; letter-spacing: -.015em; margin: 0 0 .3rem; }
h2 { font-size: 1.25rem; letter-spacing: -.01em; margin: 3rem 0 .35rem; padding-top: 1.1rem;
  border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.6rem 0 .4rem; }
p { margin: .45rem 0 .9rem; max-width: 44rem; } .lead { font-size: 1.12rem; line-height: 1.6; }
.dim { color: var(--dim); font-size: .88rem; } b, strong { font-weight: 650; } a { color: var(--ours); }
code { font: .88em ui-monospace, "Cascadia Mono", "Noto Sans Mono", monospace; background: var(--panel);
  padding: .1em .35em; border-radius: .3em; overflow-wrap: anywhere; }
nav { display: flex; flex-wrap: wrap; gap: .35rem 1rem; font-size: .9rem; margin: 1.2rem 0 0; }
nav a { text-decoration: none; } nav a:hover, nav a:focus-visible { text-decoration: underline; }
:focus-visible { outline: 2px solid var(--ours); outline-offset: 2px; border-radius: .2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .38rem .7rem .38rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; color: var(--dim); font-size: .82rem; } th.n, td.n { text-align: right; }
td.n { white-space: nowrap; }
details { margin: .6rem 0; } summary { cursor: pointer; color: var(--dim); font-size: .9rem; }
summary:hover { color: var(--ink); } details[open] > summary { margin-bottom: .5rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(11.5rem, 1fr)); gap: .8rem; margin: 1.2rem 0; }
.tile { background: var(--panel); border-radius: var(--radius); padding: .85rem 1rem .8rem; }
.tile b { display: block; font-size: 1.85rem; line-height: 1.15; letter-spacing: -.02em;
  font-variant-numeric: tabular-nums; }
.tile span { display: block; font-size: .85rem; } .tile small { color: var(--dim); font-size: .78rem; }
.rows { margin: .8rem 0; } .row { display: grid; grid-template-columns: 11.5rem 1fr 8.6rem; gap: .9rem;
  align-items: center; padding: .24rem 0; font-size: .92rem; font-variant-numeric: tabular-nums; }
.row > :last-child { text-align: right; white-space: nowrap; } .row small { color: var(--dim); font-size: .78rem; }
.track { position: relative; height: 1.15rem; border-radius: .3rem; background:
  linear-gradient(var(--line), var(--line)) 0 50%/100% 1px no-repeat,
  repeating-linear-gradient(90deg, var(--line) 0 1px, transparent 1px 25%) 0 0/100% 100%; }
.track i { position: absolute; display: block; top: 50%; }
.track .span { height: .5rem; margin-top: -.25rem; border-radius: .25rem; background: var(--ours-soft); }
.track .dot { width: .7rem; height: .7rem; margin: -.35rem 0 0 -.35rem; border-radius: 50%; background: var(--ours); }
.track .tick { width: .2rem; height: .85rem; margin: -.42rem 0 0 -.1rem; border-radius: .1rem; }
.of-mean_difference { --own: var(--mean); } .of-linear_probe { --own: var(--probe); }
.of-tfidf { --own: var(--words); }
.tick[class*=of-], .swatch[class*=of-] { background: var(--own); }
.dot[class*=of-] { background: var(--own) !important; }
.span[class*=of-] { background: color-mix(in srgb, var(--own) 28%, transparent) !important; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; font-size: .85rem; color: var(--dim); margin: .5rem 0; }
.swatch { display: inline-block; width: .75rem; height: .75rem; border-radius: .2rem; background: var(--ours);
  vertical-align: -.06rem; margin-right: .35rem; }
.scale { display: flex; justify-content: space-between; color: var(--dim); font-size: .75rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); gap: 1.2rem; }
.figures.small { grid-template-columns: repeat(auto-fill, minmax(min(100%, 17rem), 1fr)); gap: .6rem 1.2rem; }
.figures.small svg text { font-size: 15px; }
figure { margin: .6rem 0; min-width: 0; } figcaption { font-size: .88rem; color: var(--dim); }
svg { display: block; width: 100%; height: auto; max-width: 29rem; overflow: visible; }
svg text { fill: var(--dim); font-size: 12px; } svg .grid { stroke: var(--line); stroke-width: 1; fill: none; }
svg .ours { stroke: var(--ours); } svg .line { fill: none; stroke-width: 2.2; stroke-linejoin: round; }
svg .even { stroke: var(--dim); stroke-dasharray: 4 4; fill: none; } svg .point { fill: var(--ours); }
svg .bar { fill: var(--ours-soft); }
svg .bar.on { fill: var(--ours); } svg .cut { stroke: var(--ink); stroke-width: 1.4; }
svg [class*=of-] { fill: var(--own); } svg .line[class*=of-] { fill: none; stroke: var(--own); }
svg .label { fill: var(--ink); } svg .strong { fill: var(--ink); font-weight: 600; }
.confusion { width: auto; } .confusion caption { text-align: left; color: var(--dim); font-size: .82rem; }
.confusion th { padding: .3rem .5rem; } .confusion td { min-width: 2.4rem; font-variant-numeric: tabular-nums; }
.confusion th[scope=row] { position: sticky; left: 0; background: var(--ground); color: var(--ink); }
.confusion .sum { color: var(--dim); } .confusion th { white-space: nowrap; }
.confusion.many td { min-width: 1.7rem; padding: .12rem; font-size: .8rem; }
.confusion.many th { padding: .1rem .35rem; }
.heat td { text-align: center; padding: .3rem; border: 2px solid var(--ground); border-radius: .3rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 27rem), 1fr)); gap: 1rem; }
.card { background: var(--panel); border-radius: var(--radius); padding: 1rem 1.1rem; min-width: 0;
  break-inside: avoid; }
.card h3 { margin: 0; overflow-wrap: anywhere; } .card p { margin: .3rem 0 .6rem; }
.card h4 { font-size: .78rem; font-weight: 600; color: var(--dim); margin: .8rem 0 .25rem; }
.share { display: grid; grid-template-columns: 6.2rem 1fr 3.2rem; gap: .5rem; align-items: center; font-size: .85rem;
  font-variant-numeric: tabular-nums; line-height: 1.5; }
.share > :first-child { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.share > :last-child { text-align: right; }
.share i { display: block; height: .55rem; border-radius: .2rem; background: var(--ours); min-width: 1px; }
.chips { display: flex; flex-wrap: wrap; gap: .3rem; } .chip { background: var(--ground); border: 1px solid var(--line);
  border-radius: 1rem; padding: 0 .6rem; font-size: .85rem; overflow-wrap: anywhere; }
.chip small { color: var(--dim); }
.quote { margin: .4rem 0; padding: .35rem .7rem; border-left: 3px solid var(--line); font-size: .92rem;
  overflow-wrap: anywhere; white-space: pre-wrap; }
mark { color: inherit; border-radius: .2rem; background: rgb(var(--for) / calc(.08 + .5 * var(--w, 1))); }
@media (max-width: 40rem) { body { padding-top: 1.3rem; } h1 { font-size: 1.45rem; }
  .row { grid-template-columns: 1fr auto; gap: .05rem .8rem; }
  .row .track, .row .scale { grid-row: 2; grid-column: 1 / -1; } }
@media print { :root { --ground: #fff; --ink: #000; --dim: #444; --panel: #f4f4f4; --line: #ccc; --ours: #4436b0;
  --ours-soft: #4436b033; --probe: #0b6f79; --mean: #8b8693; --words: #a35900; --for: 220 60 60;
  --against: 45 110 210; }
  body { max-width: none; padding: 0; font-size: 10pt; } nav { display: none; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  h2, h3 { break-after: avoid; } figure, .tile, .row, tr { break-inside: avoid; }
  details::details-content { content-visibility: visible; height: auto; } }
"""
