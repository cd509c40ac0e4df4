// The one form in which every link hands over what it knows of a pack. What a link does not know is
// null, so that the page can say "unknown" instead of showing a number that is none.

/** A state in which nothing is known yet. */
export function blank() {
  return {
    t_s: 0, // of the pack's own clock, or of the day: see `about.wall`
    fresh: true, // false: the numbers are old ones
    age_ms: 0,
    mode: null, // "run", "fault", ...
    stack_mv: null,
    pack_mv: null, // at the terminals, behind the FETs
    pack_ma: null, // positive while charging
    soc_pm: null,
    soc_lo_pm: null, // the interval that holds the truth in 95 of 100 cases
    soc_hi_pm: null,
    soc_guessed: false,
    remaining_mah: null,
    capacity_mah: null,
    cycles: null,
    worth: null, // {energy_wh, to_empty_min, to_full_min, capacity: {part_e4, sigma_e4, spans, from, to}}; a null is unknown
    cells: [], // {mv, bleeds, togo_mah}; the last: charge to bleed, null = unknown
    spread: null, // {min_mv, max_mv, min_i, max_i, before_bleeding}
    temps: [], // {name, ddegc, board}: ddegc null where there is no reading, board for what is no cell
    fets: [], // {name, conducts, wanted}; wanted null = unknown
    limits: null, // {cvl_mv, ccl_ma, dcl_ma}
    outputs: [],
    faults: [], // {name, words, now, blocks: ["chg", ...], since_s, latched}
    notes: [], // [words, what to do]: what is wrong and no fault
    latched: 0, // faults that wait for a person
  };
}

/** What does not change while a link is open. */
export function blankAbout() {
  return {
    name: "Battery pack",
    wall: true, // times are of the day; else seconds since the pack started
    marks: null, // {cuv_mv, cuv_warn_mv, full_mv, cov_warn_mv, cov_mv}
    demo: null, // only a demo has switches for trouble
    history: [],
  };
}

/** Lowest and highest cell of these. */
export function spreadOf(cells) {
  if (!cells.length) return null;
  const mv = cells.map((cell) => cell.mv);
  const low = Math.min(...mv);
  const high = Math.max(...mv);
  return { min_mv: low, max_mv: high, min_i: mv.indexOf(low), max_i: mv.indexOf(high), before_bleeding: false };
}

/** What the history keeps of a state. */
export function pointOf(state) {
  const known = state.temps.filter((temp) => temp.ddegc !== null && !temp.board).map((temp) => temp.ddegc);
  return {
    t_s: state.t_s,
    ma: state.pack_ma,
    mv: state.stack_mv,
    soc_pm: state.soc_pm,
    lo_pm: state.soc_lo_pm,
    hi_pm: state.soc_hi_pm,
    ddegc: known.length ? Math.max(...known) : null,
    cells: state.cells.map((cell) => cell.mv),
  };
}

/** Watts, positive while charging; null when unknown. */
export function wattsOf(state) {
  if (state.pack_ma === null || state.stack_mv === null) return null;
  return (state.pack_ma / 1000) * (state.stack_mv / 1000);
}
