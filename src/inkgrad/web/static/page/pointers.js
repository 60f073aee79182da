/**
 * Which of the pointers on the pad draws: one at a time, and never a hand that rests on the glass.
 *
 * A pen takes over from a finger and takes that finger's mark back, for it was the hand's; while a
 * pen was seen lately, fingers do not draw. Of two fingers, one that has hardly moved is the
 * hand's, and the other draws; if both move they pinch, which leaves nothing. A pointer whose end
 * nobody told of has ended when it is heard of without a button pressed, or another one begins.
 *
 * Browsers number pointers; mouse and pens keep their number, each finger gets a new one.
 *
 * @module
 */

const PEN_LATELY = 5000; // milliseconds for which fingers do not draw after a pen was seen
const SILENCE = 1000; // milliseconds without a word after which a pen or mouse may have been lost
const STILL = 40; // how far, in the pad's units, a resting hand may move
const SHIFT = 3; // a hand that shifts moves less than a third of what its finger draws meanwhile

/** @typedef {[number, number]} Point in the pad's units */

/**
 * What pointers are: those fields of a `PointerEvent` that count.
 *
 * @typedef {Pick<PointerEvent, "pointerId" | "pointerType" | "isPrimary" | "button" | "buttons" |
 *   "timeStamp">} Told
 */

/**
 * What is drawn on.
 *
 * @typedef {object} Paper
 * @property {(point: Point, time: number) => void} begin begin a stroke
 * @property {(points: Point[], times: number[]) => void} extend make it longer
 * @property {() => void} finish it is whole
 * @property {() => void} takeBack it never was
 * @property {() => number} travelled how long the stroke is by now, in the pad's units
 */

/** Turns what pointers do into strokes. */
export class Pointers {
  /** @type {Paper} */
  #paper;
  /** @type {{ id: number, type: string, hasButtons: boolean, heard: number } | null} */
  #drawing = null;
  /** Fingers on the pad: where each is, and how far it went from where it was when another came. */
  #fingers = /** @type {Map<number, { at: Point, from: Point }>} */ (new Map());
  #isPinch = false; // until all fingers are lifted
  #penSeen = Number.NEGATIVE_INFINITY;

  /** @param {Paper} paper */
  constructor(paper) {
    this.#paper = paper;
  }

  /**
   * A pointer touches the pad.
   *
   * @param {Told} told
   * @param {Point} point
   * @returns {boolean} whether it draws
   */
  down(told, point) {
    if (told.button !== 0) return false;
    this.#notice(told);
    const { pointerId: id, pointerType: type, timeStamp: time } = told;
    if (type === "touch") {
      if (told.isPrimary) this.#forgetFingers(); // the first one: there are no others
      for (const finger of this.#fingers.values()) finger.from = finger.at;
      this.#fingers.set(id, { at: point, from: point });
      if (this.#isPinch || time - this.#penSeen < PEN_LATELY) return false;
    }
    if (this.#drawing !== null && !this.#makeWay(told)) return false;
    this.#drawing = { id, type, hasButtons: told.buttons !== 0, heard: time };
    this.#paper.begin(point, time);
    return true;
  }

  /**
   * A pointer moves, or a pen hovers.
   *
   * @param {Told} told
   * @param {Point[]} points where it was since it was last told of, the last one where it is
   * @param {number[]} times of each
   */
  move(told, points, times) {
    this.#notice(told);
    const { pointerId: id, timeStamp: time } = told;
    const finger = this.#fingers.get(id);
    if (finger !== undefined) finger.at = points[points.length - 1];
    const drawing = this.#drawing;
    if (drawing?.id === id) {
      if (drawing.hasButtons && (told.buttons & 1) === 0) {
        this.finish(); // its end was lost
        return;
      }
      drawing.heard = time;
      this.#paper.extend(points, times);
    } else if (drawing?.type === "touch" && finger !== undefined && this.#isPinching(finger)) {
      this.#takeBack();
      this.#isPinch = true;
    }
  }

  /**
   * A pointer is lifted.
   *
   * @param {Told} told
   * @param {Point} point
   */
  up(told, point) {
    this.#notice(told);
    if (this.#drawing?.id === told.pointerId) {
      this.#paper.extend([point], [told.timeStamp]);
      this.finish();
    }
    this.#lift(told.pointerId);
  }

  /**
   * The system takes a pointer for itself: a finger's stroke was part of a gesture, and is none; a
   * pen's or a mouse's stays as far as it came.
   *
   * @param {Told} told
   */
  cancel(told) {
    const drawing = this.#drawing;
    if (drawing?.id === told.pointerId) {
      if (drawing.type === "pen" || drawing.type === "mouse") this.finish();
      else this.#takeBack();
    }
    this.#lift(told.pointerId);
  }

  /** End the stroke that is being drawn, if there is one. */
  finish() {
    if (this.#drawing === null) return;
    this.#drawing = null;
    this.#paper.finish();
  }

  /**
   * Decide about the stroke that another pointer is drawing; false if the new one must wait.
   *
   * @param {Told} told
   */
  #makeWay({ pointerId: id, pointerType: type, timeStamp: time }) {
    const drawing = this.#drawing;
    if (drawing === null) return true;
    const isFinger = type === "touch";
    if (drawing.id === id) {
      this.finish(); // its end was lost
    } else if (drawing.type === "touch" && isFinger && this.#fingers.has(drawing.id)) {
      if (this.#paper.travelled() > STILL) return false; // it draws, the new one rests
      this.#takeBack(); // it rests, the new one may draw
    } else if (drawing.type === "touch" && !isFinger && this.#isHand(type)) {
      this.#takeBack();
    } else if (drawing.type !== "touch" && isFinger && time - drawing.heard < SILENCE) {
      return false;
    } else {
      this.finish();
    }
    return true;
  }

  /** Tell whether the finger that draws is the hand's, now that another kind of pointer comes. */
  #isHand(type) {
    // Firefox, resisting fingerprinting, passes a pen off as a mouse.
    return type === "pen" || this.#paper.travelled() <= STILL;
  }

  /** Tell whether another finger moves about as far as the stroke that is being drawn. */
  #isPinching({ at, from }) {
    const moved = Math.hypot(at[0] - from[0], at[1] - from[1]);
    return moved > STILL && this.#paper.travelled() < SHIFT * moved;
  }

  #takeBack() {
    this.#drawing = null;
    this.#paper.takeBack();
  }

  #notice({ pointerType, timeStamp }) {
    if (pointerType === "pen") this.#penSeen = timeStamp;
  }

  #lift(id) {
    this.#fingers.delete(id);
    if (this.#fingers.size === 0) this.#isPinch = false;
  }

  #forgetFingers() {
    this.#fingers.clear();
    this.#isPinch = false;
  }
}
