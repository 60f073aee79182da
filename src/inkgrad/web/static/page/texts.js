/**
 * All that people read and hear on the page, panel by panel, in English.
 *
 * Another language is another object like this one. Texts with values in them are functions; those
 * get counts and names as they are, and other numbers as they are to be written. Two kinds of text
 * stand elsewhere: what is said of one kind of layer, in that layer's file in `layers/`, and the
 * errors that Python has too, where they are thrown. `index.html` has its own texts in English as
 * well, so that it can be read before this file is; `fillTexts` puts these in their places.
 *
 * @module
 */

const LOCALE = "en-US";

/**
 * Write a whole number.
 *
 * @param {number} n
 * @returns {string}
 *
 * @example
 * inThousands(12345); // "12,345"
 */
export function inThousands(n) {
  return n.toLocaleString(LOCALE);
}

const tenths = (share) => `${(100 * share).toFixed(1)} %`;

/** @param {string[]} names */
const inChoice = (names) => names.join(", ").replace(/, ([^,]*)$/, " or $1");

export const TEXTS = {
  page: {
    title: "inkgrad: draw, watch it think, watch it learn",
    skip: "Go to the drawing pad",
    motto: "Draw a doodle. Watch it think. Watch it learn.",
    noEngine: (reason) => `the page's engine does not run: ${reason}`,
    notLoaded: "it cannot be loaded",
    model: "Model",
    modelName: (name, classes) => `${name} (${classes})`,
    list: (names) => names.join(", "),
    desk: "Drawing and guesses",
    present: "Larger, for a projector",
    tabs: "What to do with the drawing",
    private: "Everything runs in this page: your drawings stay on this device.",
    facts: (name, classes, parameters) =>
      `${name}: ${classes} classes, ${inThousands(parameters)} parameters`,
    trained: (drawings) => `, trained on ${inThousands(drawings)} drawings`,
    tested: (right, n, balanced) =>
      `; right about ${tenths(right)} of ${inThousands(n)} others ` +
      `(${tenths(balanced)} when every class counts the same)`,
    taught: (name, drawings) => `Taught here: ${name}, by ${drawings} drawings. `,
    changed:
      "It was changed here, so how often it is right is not known: train it anew to measure it. ",
    weights: (kind) =>
      kind === "int8"
        ? "It computes with weights of 8 bits, one scale a channel. "
        : "It computes with weights of 16 bits. ",
    source: (attribution) => `Drawings: ${attribution}`,
  },

  theme: {
    label: (choice) => `Colours: ${choice}`,
    choices: { auto: "As the system", light: "Light", dark: "Dark" },
  },

  pad: {
    label: "Drawing pad",
    help:
      "Draw with a mouse, a pen or a finger. With a keyboard, move by the arrow keys, faster " +
      "with Shift; the space bar puts the pen down and lifts it.",
    prompt: "Draw here",
    tools: "Drawing tools",
    undo: "Undo",
    redo: "Redo",
    clear: "Clear",
  },

  guesses: {
    eye: "What the network sees",
    list: "Guesses, likeliest first",
    loading: "Loading the model …",
    empty: "Draw something",
    unreadable: "I cannot read this",
    known: (classes) => `I know ${classes} things`,
    unsure: "Not sure yet",
    perhaps: (name) => `Perhaps ${name}?`,
    none: "None of these",
    closest: (name) => `It is like nothing I know. Closest: ${name}`,
    verySure: (share) => `I am sure: ${share}`,
    sure: (share) => `I think so: ${share}`,
    heard: (headline, aside) => `${headline}, ${aside}`,
  },

  changed: {
    what: ({ steps, taught }) =>
      `Changed: ${[
        ...(taught.length ? [`taught ${taught.join(", ")}`] : []),
        ...(steps ? [`${steps} step${steps === 1 ? "" : "s"}`] : []),
      ].join(", ")}`,
    undo: "undo",
    reset: "reset",
  },

  keeping: {
    kept: "It is kept here, and there again after a reload. ",
    refused: "This browser keeps nothing for this page: a reload loses what you do here.",
    forget: "Forget it all",
  },

  link: {
    copy: "Copy link",
    print: "Print the panel",
    picture: (kind) => `Save it as ${kind.toUpperCase()}`,
    noPicture: "This browser makes no PNG of a page; save it as SVG",
    what: "Hand on what you see: ",
    copied: "Copied. ",
    byHand: "This browser forbids copying: copy it from here. ",
    label: "The link",
    changed: "The model is in it as it was opened, not what was done to it here. ",
    file: (model) => `It opens only where a model is called ${model}: your file is not in it. `,
    tooLong: (most) =>
      `this is too much for a link of ${inThousands(most)} characters; draw with fewer strokes`,
    inexact: "a link to this would not give the same numbers; draw it a little differently",
    broken: "this link is damaged: ask for it again; the page is open without it",
    noModel: (model) => `this link is about the model ${model}, which is not here`,
    noAnswer: (model, answer) => `this link is about ${answer}, which ${model} does not know`,
    noCell: (cell) => `this link is about the cell ${cell}, which is not there`,
  },

  play: {
    tab: "Play",
    title: "Can it tell what you draw?",
    intro: "Draw on the pad: the guesses change with every line. Or play:",
    examples: "Or start from an example",
    none: "There are no examples of what this model knows: draw your own.",
    game: (rounds, seconds) => `${rounds} drawings, ${seconds} seconds each`,
    rules: "It tells you what to draw, and guesses while you do.",
    begin: "Play",
    round: (round, rounds) => `Drawing ${round} of ${rounds} · `,
    seconds: (seconds) => `${seconds} seconds`,
    secondsInShort: (seconds) => `${seconds} s`,
    task: (name) => `Draw: ${name}`,
    moreTime: "More time",
    skip: "Skip",
    stop: "Stop",
    see: (name) => `I see ${name} …`,
    unsure: "I am not sure yet …",
    right: (name) => `I know: it is ${name}!`,
    next: "Next one!",
    leftOut: (hard, classes) =>
      `It asks for ${classes - hard} of its ${classes} classes: it seldom recognises the others, ` +
      "or takes them for one another.",
    nothing: "Time is up: I saw no drawing.",
    tooLate: (name) => `Time is up: I was just getting ${name}.`,
    takenFor: (name) => `I give up: I took it for ${name}.`,
    torn: (names) => `I give up: I could not decide. Perhaps ${inChoice(names)}?`,
    noIdea: "I give up: I cannot tell what this is.",
    unknown: "I give up: I cannot tell what this is. It is like nothing I know.",
    recognised: (right, drawings) => `It recognised ${right} of ${drawings} drawings`,
    again: "Play again",
  },

  // Pictures of numbers, and the place where one number's arithmetic is written out.
  cells: {
    bars: "bars",
    more: (bars) => `and ${bars} smaller ones`,
    picture: "picture of cells",
    barKeys: (what) => `${what}. Arrow keys move`,
    keys: (what) => `${what}. Arrow keys move, Page Up and Page Down change the map`,
    lens: (caption, map) => `${caption}, map ${map}`,
    notANumber: "not a number",
  },

  dock: {
    label: "Where this number comes from",
    close: "Close",
    arithmetic: "The arithmetic",
    heard: (title, value, sentence) => `${title} is ${value}. ${sentence}`,
    map: (map) => `map ${map}`,
    input: (at) => `input ${at}`,
    output: (at) => `output ${at}`,
    place: (row, column) => `row ${row}, column ${column}`,
    others: (n) => `${inThousands(n)} others`,
    bias: "bias β",
    sum: "sum",
    arrives: "arrives",
    passesOn: "passes on",
    passes: "passes",
    stopped: "stopped",
    ink: {
      none: "Blank paper: no ink in this square.",
      some: "How much of this square your pen has inked.",
      unit: "ink, 0 to 1",
    },
    conv: {
      patch: "patch",
      gradient: "gradient",
      filter: "filter",
      product: "product",
      sumOf: (n) => `sum of ${n}`,
      otherMaps: (n) => `${n} other maps`,
      most: (shown, all) => ` The ${shown} of ${all} maps that matter most:`,
      heard: (sum, bias) => `Patch times filter ${sum}, plus bias ${bias}.`,
    },
    relu: {
      before: "x before",
      after: "y after",
      heard: (x) => `Before: ${x}, passes.`,
      heardStopped: (x) => `Before: ${x}, stopped.`,
      back: "The gradient passes.",
      backStopped: "The gradient is stopped.",
    },
    pool: {
      winner: "winner",
      window: "its window",
      won: "won",
      lost: "lost",
      heard: (candidates) => `The largest of ${candidates.join(", ")}.`,
    },
    leaky: { factor: "slope" },
    average: { mean: "mean", cells: "cells" },
    norm: { mean: "μ, mean", spread: "√(σ² + ε)", scale: "γ, scale", shift: "β, shift" },
    parallel: {
      branch: (number) => `branch ${number}`,
      empty: (number) => `branch ${number}, as it is`,
    },
    flatten: { before: "x in the maps", after: "y in the row" },
    dense: {
      x: (input) => `x, input ${input}`,
      dy: (output) => `dL/dy, output ${output}`,
      heard: (input, value) => `Largest term: input ${input}, ${value}.`,
    },
    softmax: {
      says: "e to the power of this logit, as a share of what all classes have.",
      saysLess: (shift) =>
        `e to the power of this logit (less ${shift}), as a share of what all classes have.`,
      total: "all together",
      share: "share",
      heard: (power, total) => `${power} divided by ${total}.`,
      right: "The right answer: it should have said 1. Negative: more of this logit, less loss.",
      wrong: "Not the answer: it should have said 0. Positive: less of this logit, less loss.",
      p: "p, it said",
      t: "t, it should",
      heardBack: (p, t) => `${p} minus ${t}.`,
    },
  },

  think: {
    tab: "Think",
    title: "See it think",
    introFirst: "Choose any cell to see where its number comes from.",
    intro:
      "The numbers flow from top to bottom, from your ink to the answer. Dark cells are large " +
      "numbers; where numbers can be negative, blue is below zero and red above. Maps, rows and " +
      "columns count from 0.",
    drawing: "Your drawing",
    drawingNote: (rows, columns) =>
      `As the network sees it: ${rows} × ${columns} numbers, 0 for paper, 1 for ink.`,
    layer: (name, size) => `${name}: ${size}`,
    cell: (name, place) => `${name}, ${place}`,
    logits: "the logits",
    logitsOf: (layer) => `${layer}, the logits`,
    logitOf: (layer, name) => `${layer}, the logit of ${name}`,
    oneAClass: (words) => `${words} One output a class.`,
    softmax: "softmax",
    answer: "the answer",
    softmaxLabel: "softmax, the probabilities",
    softmaxNote: "The logits become shares of one: how likely each class is.",
    probabilityOf: (name) => `The probability of ${name}`,
  },

  why: {
    nothing: "Why?",
    title: (name) => `Why ${name}?`,
    summary: "Which strokes matter, and other ways to see it",
    explain: "Explain",
    likeliest: "the likeliest",
    how: "How to see it",
    views: {
      strokes: "Strokes",
      occlusion: "Occlusion",
      cam: "Grad-CAM",
      gradient: "Gradient",
    },
    strokes: (name) =>
      "Each stroke is taken away in turn (of a long one, pieces), and the network answers again. " +
      `Red: without it ${name} is less likely, so it speaks for ${name}. Blue: it speaks against ` +
      "it. The numbers say how far the log-odds fall: 2.2 is the way from 90 % to 50 %.",
    occlusion: (name) =>
      `A patch of paper covers each place in turn. Red: then ${name} is less likely. Blue: more ` +
      "likely. The numbers say how far the log-odds fall.",
    cam: (name, layer) =>
      `Where the last convolution (${layer}) finds what speaks for ${name}: its maps, each ` +
      "weighted by how much it matters. As coarse as they are.",
    noMaps: "This network has no convolution with maps, so there is nothing for Grad-CAM to show.",
    gradient: (name) =>
      `Red: a little more ink here would raise the logit of ${name}. Blue: it would lower it. ` +
      "Only a very little: for more, the slope changes.",
    list: "The strokes that matter most",
    part: ({ first, last, piece }) => {
      if (first < last) return `strokes ${first} to ${last}`;
      return piece ? `stroke ${first}, piece ${piece}` : `stroke ${first}`;
    },
    others: (n) => `and ${n} that matter less`,
    picture: (view) => `The drawing with what ${view} shows`,
    heard: (name, strokes) => `What matters most for ${name}: ${strokes.join(", ")}.`,
  },

  learn: {
    tab: "Learn",
    title: "See it learn",
    introFirst: "Now the gradient flows back, from the answer to your ink.",
    intro:
      "It says of every number what the loss would do: red: increasing it raises the loss; blue: " +
      "increasing it lowers the loss; grey, nothing passes. Choose any cell to see its " +
      "arithmetic, and any weight to check it.",
    question: "What did you draw?",
    find: "Find a class …",
    noneFound: (wanted) => `It knows nothing called “${wanted}”. Teach it, on the next tab.`,
    drawFirst: "Draw something first. Then say what it is, and watch the network learn from it.",
    choose:
      "Choose the right answer. You will see how wrong the network was, how the blame flows back " +
      "through every layer, and what one small step changes.",
    gave: (name, share) => `The network gave ${name} ${share}.`,
    stepping: "The loss and one step",
    loss: "Loss",
    rate: "Learning rate η",
    rateSlider: "Learning rate, on a logarithmic scale",
    step: "Take a step",
    reset: "Reset",
    noSteps: "A step changes every weight a little, against its gradient.",
    steps: (n) => `${n} step${n === 1 ? "" : "s"} taken. `,
    lossChange: (before, after) => `Loss ${before} → ${after}`,
    before: "before",
    after: "after",
    logits: "The logits",
    logitsLabel: "Gradients of the logits",
    logitsNote: "What the network said, less what it should have said. Here the gradient starts.",
    logitOf: (name) => `Gradient of the logit of ${name}`,
    yourInk: "Your ink: where more of it would raise (red) or lower (blue) the loss",
    goesBackSize: (size) => `What goes back: ${size}`,
    ofYourInk: "Gradient of your ink",
    into: (layer) => `Gradient into ${layer}`,
    vectors: {
      bias: (n) => `Gradients of the ${n} biases`,
      scale: (n) => `Gradients of the ${n} scales`,
      shift: (n) => `Gradients of the ${n} shifts`,
    },
    inBranch: (layer, words) => `${layer}: ${words}`,
    gradient: "gradient",
    arrives: "arrives",
    goesBack: "goes back",
    filter: "filter",
    output: (number, name) => `${number} (${name})`,
    vector: (parameter, number) => `${parameter}, number ${number}`,
    denseWeight: (parameter, input, output) =>
      `${parameter}, from input ${input} to output ${output}`,
    convWeight: (parameter, filter, place) => `${parameter}, filter ${filter}, ${place}`,
  },

  check: {
    label: "Check a gradient",
    title: "Is the gradient right? Measure it",
    intro:
      "Make one weight larger by ε, then smaller by ε, and see what the loss does. The slope " +
      "between must be the gradient.",
    run: "Check it",
    any: "Pick a random weight",
    epsilon: "ε, the size of the nudge",
    none: "No weight chosen yet: choose one in a picture above, or take any.",
    bothZero: "Both are 0: this weight has no part in this drawing.",
    agree: (digits) => `They agree to ${digits} digits.`,
    differ:
      "The two values differ: ε is too large or too small for this weight, or crosses a corner " +
      "of a ReLU or pool. Try another ε.",
    lossUp: (epsilon) => `loss at w + ${epsilon}`,
    lossDown: (epsilon) => `loss at w − ${epsilon}`,
    quotient: "their difference ÷ 2ε",
    backward: "the backward pass says",
  },

  formulas: {
    sentence: (letters) => `${letters}.`,
    step: { name: "One step", letters: "w: every weight. η: the learning rate" },
    check: {
      name: "The difference quotient",
      letters: "L(w + ε): the loss when this one weight is larger by ε",
    },
  },

  teach: {
    tab: "Teach",
    title: "Teach it something of your own",
    intro: (enough) =>
      `Say what it is, and draw it about ${enough} times, each time a little differently. Then ` +
      "the network's last layer learns it, here in the page, without forgetting the rest.",
    question: "What will you draw?",
    placeholder: "octopus, my logo, smile …",
    add: "Add this drawing",
    learn: "Teach it",
    learning: "Learning …",
    forget: "Undo teaching",
    cannot:
      "This model cannot be taught: its file does not say what its classes look like to the last " +
      "layer; train it anew with inkgrad train.",
    nameFirst: "First give it a name.",
    drawFirst: (name) => `Draw ${name} on the pad, then add it.`,
    few: (n, name, fewest) =>
      `${n} ${n === 1 ? "drawing" : "drawings"} of ${name}. Draw at least ${fewest}.`,
    more: (n, name, enough) => `${n} of ${name}: about ${enough} are good.`,
    plenty: (n, name) => `${n} of ${name}: that is plenty.`,
    remove: (number, name) => `Remove drawing ${number} of ${name}`,
    knows: (name) => `It knows ${name} now. `,
    tryIt: "Try it: draw another one.",
    took: (drawings, seconds) => `${drawings} drawings, ${seconds} s`,
    recognised: (took, share) => `${took}; ${share} of them recognised.`,
    forgotten: "It is as it was when you opened it. Your drawings are still here.",
  },

  files: {
    title: "Files",
    drop: "Models (.safetensors) and drawings (.ndjson) can be dropped here.",
    saveDrawings: "Save drawings",
    saveModel: "Save model",
    open: "Open …",
    chooser: "Open a model or drawings",
    isOpen: (file, classes) =>
      `${file} is open: it knows ` +
      `${classes.length > 12 ? `${classes.length} things` : classes.join(", ")}.`,
    loaded: (n, classes) => `${n} drawings of ${classes.join(", ")} loaded.`,
    /** Parts of a paragraph about two commands. */
    commands: (predict, train) => [
      "On the command line: ",
      predict,
      " asks a model saved here, ",
      train,
      " trains a whole network on drawings saved here (of two classes or more).",
    ],
    predict: "inkgrad predict MODEL DRAWINGS",
    train: "inkgrad train --data DRAWINGS",
    tooLarge: (file) => `${file} is larger than 64 MB; open a model or drawings saved here`,
    unknown: (file) => `${file} is no file that can be opened; give .safetensors or .ndjson`,
    noServer:
      "the server does not answer any more: start inkgrad serve again to open another model; " +
      "drawing, learning and saving go on without it",
    noModel: (address, status) => `the model ${address} cannot be fetched (${status})`,
    noModels: (status) => `the server does not list its models (${status})`,
  },
};

/**
 * Put texts in their places in a page: `data-text="play.tab"` in an element, `data-label` in its
 * `aria-label`.
 *
 * @param {ParentNode} page
 */
export function fillTexts(page) {
  for (const element of page.querySelectorAll("[data-text]")) {
    element.textContent = textOf(element.getAttribute("data-text"));
  }
  for (const element of page.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", textOf(element.getAttribute("data-label")));
  }
}

/**
 * Return a text by its place: "play.tab".
 *
 * @param {string | null} place
 * @returns {string}
 */
function textOf(place) {
  /** @type {any} */
  let text = TEXTS;
  for (const key of (place ?? "").split(".")) text = text[key];
  return text;
}
