/** What tests need of confidence: judged logits, and values that are read or refused. */

import { Confidence } from "../static/network/confidence.js";
import { Model } from "../static/network/model.js";

/** Return each row's familiarity, and whether it is rejected. */
export function judged(values, rows) {
  const confidence = Confidence.fromDict(values);
  return {
    values: confidence.toDict(),
    familiarity: rows.map((logits) => confidence.familiarity(logits)),
    rejected: rows.map((logits) => confidence.isRejected(logits)),
  };
}

/** Show drawings to a model, quickly and layer by layer. */
export function seen(bytes, drawings) {
  const model = Model.fromBytes(bytes);
  return drawings.map((drawing) => {
    const [quick, slow] = [model.recognise(drawing), model.see(drawing)];
    return [quick, slow].map(({ familiarity, isRejected }) => [familiarity, isRejected]);
  });
}
