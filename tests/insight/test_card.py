"""The model card: both forms from one source, safe with any names, the same for the same facts."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from inkgrad.confidence import Confidence
from inkgrad.insight import evaluate
from inkgrad.insight.calibration import measure_calibration
from inkgrad.insight.card import (
    Known,
    Making,
    make_card,
    render_html,
    render_markdown,
    told,
    write_card,
)
from inkgrad.insight.card.analyses import points
from inkgrad.insight.card.limits import label_noise, limits
from inkgrad.insight.intervals import Interval
from inkgrad.insight.rejection import Rejection, Separation
from inkgrad.insight.robustness import ANY_SCENE, PHOTOGRAPH, Robustness, RobustnessRow
from inkgrad.model import Model
from inkgrad.network import seed_network, sketch_network
from tests.insight.test_report import Page

GOOGLES = "The Quick, Draw! Dataset by Google, licence CC BY 4.0"
HEADINGS = [
    "Model details",
    "Intended use",
    "Factors",
    "Metrics",
    "Evaluation data",
    "Training data",
    "Quantitative analyses",
    "Ethical considerations",
    "Caveats and recommendations",
]
"""Those of Mitchell et al., figure 1."""

EVIL = (
    "<script>alert(1)</script>",
    '" onload="x',
    "a | b\n# c",
    "</style><img src=x>",
    "`~~~` *x*",
)


VARIED = ", each drawing {} times an epoch, always in a new variant"


def record(classes, **settings):
    return {
        "inkgrad": "0.1.0",
        "command": "inkgrad train --task animals",
        "engine": "cpu",
        "data": {
            "source": "the folder quickdraw",
            "fingerprint": "7c476a646e11e9ec",
            "counts": {name: 200 + 4000 * (k % 2) for k, name in enumerate(classes)},
        },
        "drawings": {"train": 1000, "validation": 50, "test": 300},
        "settings": {
            "task": "animals",
            "split": "stratified",
            "test_size": 0.2,
            "recipe": {"epochs": 6, "batch_size": 128, "optimizer": "adam", "seed": 42},
            **settings,
        },
    }


def known(classes=("cat", "dog", "fish"), n=300, seed=0, network=seed_network, **options):
    rng = np.random.default_rng(seed)
    k = len(classes)
    labels = rng.integers(0, k, n)
    logits = rng.normal(size=(n, k))
    logits[np.arange(n), labels] += 1 + 2.5 * (labels != k - 1)  # the last class is hard
    p = np.exp(logits)
    p /= p.sum(axis=1, keepdims=True)
    built = network(k)
    model = Model(built, built.initialise(), tuple(classes), record=record(classes))
    given = {
        "part": "test",
        "source": "the folder quickdraw",
        "bitmaps": rng.integers(0, 256, (n, 28, 28)).astype(np.uint8),
        "attribution": GOOGLES,
        "robustness_command": "inkgrad evaluate model.safetensors --robustness --card .",
        **options,
    }
    return Known(model, evaluate(p, labels, classes), labels=labels, probabilities=p, **given)


def row(name, strength, difference, half=0.05, n=100, unread=0):
    interval = Interval(difference - half, difference + half)
    return RobustnessRow(name, strength, n, 0.9 + difference, 0.9, interval, unread)


ROBUSTNESS = Robustness(
    (
        row("position", "anywhere", 0.002),
        row("turned", "15°", -0.06),
        row("turned", "30°", -0.2),
        row("missing", "one stroke", -0.01, half=0.001),
        row("wobble", "4 %", -0.04),
        row(PHOTOGRAPH, ANY_SCENE, -0.12, unread=3),
        row(PHOTOGRAPH, "shadow", -0.5),
    ),
    n=100,
    top1=0.9,
    seed=0,
)


def both(facts, **options):
    card = make_card(facts, "animals", **options)
    return render_html(card), render_markdown(card)


@pytest.mark.parametrize("network", [seed_network, sketch_network], ids=["seed", "sketch"])
@pytest.mark.parametrize("k", [2, 5, 30, 345])
def test_a_card_is_well_formed_and_has_the_headings_of_the_paper(k, network):
    facts = known([f"class {i}" for i in range(k)], n=4 * k + 200, network=network)
    html, markdown = both(replace(facts, robustness=ROBUSTNESS))
    page = Page(html)
    assert len(page.ids) == len(set(page.ids))
    assert re.findall(r"^## (.+)$", markdown, re.M)[:-1] == HEADINGS
    titles = re.findall(r"<h2[^>]*>([^<]+)</h2>", html)
    assert titles == ["What it knows", *HEADINGS]
    for section in page.all("section"):
        assert section["aria-labelledby"] in page.ids
    for text in (page.words, markdown):
        assert f"{facts.model.network.size:,} parameters" in text
        assert "inkgrad train --task animals" in text
        assert "stratified, 20" in text
        assert "seed 42" in text
    assert "\n\n\n\n" not in markdown


def test_figures_have_their_intervals_in_both_forms():
    facts = known()
    html, markdown = both(facts)
    low, high = facts.evaluation.intervals["balanced_accuracy"]
    for text in (html, markdown):
        assert f"{100 * facts.evaluation.top1:.1f}\u202f%" in text
        assert f"{100 * low:.1f}–{100 * high:.1f}\u202f%" in text
        assert f"{facts.evaluation.map3:.3f}" in text


def test_confusions_are_shown_as_pictures_in_html_and_as_text_in_markdown():
    facts = known()
    html, markdown = both(facts)
    pair = facts.evaluation.confusions(1)[0]
    pictures = Page(html).all("img", alt=f"A drawing of {pair.drawn}, read as {pair.read}")
    assert len(pictures) == min(pair.count, 6)
    assert all(p["src"].startswith("data:image/png;base64,") for p in pictures)
    assert f"| {pair.drawn} | {pair.read} | {pair.count:,} of " in markdown
    assert "![" not in markdown
    assert "base64" not in markdown


def test_every_class_is_shown_with_a_drawing_that_was_recognised():
    facts = known()
    best = facts.probabilities.argmax(axis=1)
    for tile in make_card(facts, "x").tiles:
        place = facts.model.classes.index(tile.name)
        right = facts.bitmaps[(facts.labels == place) & (best == place)]
        assert any(np.array_equal(tile.bitmap, bitmap) for bitmap in right)
    recalls = [tile.recall for tile in make_card(facts, "x").tiles]
    assert recalls == sorted(recalls, reverse=True)


def test_hostile_names_stay_text():
    facts = known(EVIL)
    hostile = replace(facts.model, record={**record(EVIL), "command": "inkgrad \x1b[2J\n~~~ <b>"})
    html, markdown = both(replace(facts, model=hostile, source=EVIL[0], attribution=EVIL[3]))
    page = Page(html)
    assert page.count("script") == 0
    assert not [a for _, a in page.elements if any(name.startswith("on") for name in a)]
    assert all(a["src"].startswith("data:image/png;base64,") for a in page.all("img"))
    for name in (EVIL[0], EVIL[1], EVIL[3]):
        assert name in page.words
    assert not re.search(r"(?<!\\)<(script|img|b)", re.sub(r"^    .*$", "", markdown, flags=re.M))
    assert "\x1b" not in markdown
    for line in markdown.splitlines():
        if line.startswith("|") and "read as" not in line:
            assert len(re.findall(r"(?<!\\)\|", line)) in (4, 5, 6, 7)


def test_the_page_needs_nothing_from_anywhere():
    html, _ = both(replace(known(), robustness=ROBUSTNESS), report="report.html")
    without_pictures = re.sub(r'src="data:image/png;base64,[A-Za-z0-9+/=]+"', "", html)
    assert not re.search(r"https?:|//|url\(|@import|javascript:|data:i", without_pictures)
    for tag, attributes in Page(html).elements:
        assert tag not in {"script", "link", "iframe", "object", "embed", "base", "form"}
        assert attributes.get("href", "report.html") == "report.html"
    assert Page(html).all("a") == [{"href": "report.html"}]
    assert Page(both(known())[0]).all("a") == []


def test_the_same_facts_give_the_same_bytes_but_for_time_and_machine(tmp_path):
    first, again = both(known()), both(known())
    assert first == again
    made = both(known(making=Making(200.0, "AMD EPYC, 2 cores")))
    for text, other in zip(made, first, strict=True):
        changed = set(text.splitlines()) ^ set(other.splitlines())
        assert all("time" in line or "machine" in line for line in changed)
        assert "3 minutes" in text
        assert "AMD EPYC, 2 cores" in text
        assert "not recorded in the model file" in other
    written = write_card(tmp_path / "new", make_card(known(), "animals"))
    assert sorted(written) == ["card.html", "card.md"]
    assert written["card.md"].read_text("utf-8") == first[1]
    assert written["card.html"].read_text("utf-8") == first[0]


def test_robustness_is_shown_or_the_command_that_measures_it():
    html, markdown = both(known())
    for text in (html, markdown):
        assert "inkgrad evaluate model.safetensors --robustness --card ." in text
    html, markdown = both(replace(known(), robustness=ROBUSTNESS))
    assert "--robustness" not in html + markdown
    assert "| turned | 30° | 100 | 70.0\u202f% | −20.0 | −25.0 to −15.0 |" in markdown
    assert "in 3 of them it found no drawing" in markdown
    assert Page(html).count("span", class_="plot loss") == 5  # surely below 0
    assert Page(html).count("i", class_="zero") == len(ROBUSTNESS.rows)
    short = replace(ROBUSTNESS, rows=ROBUSTNESS.rows[:4])
    _, markdown = both(replace(known(), robustness=short))
    assert "inkgrad evaluate model.safetensors --robustness --card ." in markdown


def test_calibration_is_a_diagram_in_html_and_a_table_in_both():
    facts = known(n=900)
    found = measure_calibration(facts.probabilities, facts.labels)
    html, markdown = both(facts)
    for text in (Page(html).words, markdown):
        assert f"{100 * found.error:.1f}" in text
        assert "Its probabilities mean what they say." in text or "sure" in text
    assert markdown.count("60 |") >= len(found.bins) - 1  # 900 drawings in 15 groups
    (picture,) = [a for a in Page(html).all("svg") if "How often it is right" in a["aria-label"]]
    assert picture["role"] == "img"
    assert Page(html).count("circle", class_="dot validation") == len(found.bins)


@pytest.mark.parametrize(
    ("sureness", "sentence"),
    [
        (0.8, "Its probabilities mean what they say."),
        (0.99, "It is surer than it is right"),
        (0.55, "It is right more often than it says."),
    ],
)
def test_the_verdict_on_confidence_is_what_the_figures_say(sureness, sentence):
    labels = (np.arange(5000) % 5 == 0).astype(np.int64)  # 80 % are of class 0
    p = np.tile([sureness, 1 - sureness], (5000, 1))
    classes = ("cat", "dog")
    facts = replace(known(classes), labels=labels, probabilities=p)
    facts = replace(facts, bitmaps=np.zeros((5000, 28, 28), np.uint8))
    assert sentence in both(replace(facts, evaluation=evaluate(p, labels, classes)))[1]


REJECTION = Rejection(
    known=950,
    unknown=8000,
    unknown_classes=40,
    separations=(Separation("its own", 0.941, 0.27), Separation("energy", 0.9, 0.4)),
    unknown_rejected=0.75,
    nothings={"dots": 0.995, "blanks": 1.0},
    known_accepted=0.955,
    accuracy=0.93,
    accuracy_rejecting=0.91,
    accuracy_of_accepted=0.953,
)


def test_rejection_is_shown_with_its_cost_where_it_was_measured():
    facts = known(rejection=REJECTION)
    html, markdown = both(facts)
    for line in (
        "| 8,000 drawings of 40 classes that it does not know | 75.0\u202f% |",
        "| dots | 99.5\u202f% |",
        "| 950 drawings of its own classes | 4.5\u202f% |",
    ):
        assert line in markdown
    for text in (Page(html).words.replace("\u202f", " "), markdown.replace("\u202f", " ")):
        assert "in 94.1 % of cases" in text
        assert "27.0 % of unknown ones" in text
        assert "91.0 % where what it rejects counts as wrong" in text
    assert "None of these" not in both(known())[1]
    able = replace(facts.model, confidence=Confidence(threshold=0.5))
    unmeasured = both(replace(facts, model=able, rejection=None))[1]
    assert "was not measured here" in unmeasured


# --- limits -------------------------------------------------------------------------------------


def limits_of(facts, **options):
    given = {"robustness": None, "of_game": True, "built_in": False, **options}
    counts = given.pop("counts", {})
    return " ".join(limits(facts.model, facts.evaluation, counts, **given))


def test_limits_name_the_models_own_classes_and_figures():
    facts = known(n=900)
    text = limits_of(facts, counts={"cat": 7000, "dog": 5000, "fish": 201})
    fish = facts.evaluation.per_class[2]
    assert f"fish ({100 * fish.recall:.1f}\u202f%, " in text
    pair = facts.evaluation.confusions(1)[0]
    assert f"{pair.drawn} for {pair.read} ({100 * pair.share:.1f}\u202f% of them)" in text
    assert "fish (201); of others up to 7,000" in text
    assert "It knows 3 classes and nothing else" in text
    assert "28 × 28 grey pixels, of which a drawing spans 23, in lines that are a 16th" in text
    assert "players of a game" in text
    assert "fewer than 100 drawings" not in text


def test_limits_know_whether_the_model_rejects():
    facts = known()
    never = replace(facts.model, confidence=Confidence(threshold=0.5, temperature=1.25))
    rejects = replace(facts.model, confidence=Confidence(threshold=0.5, rejects=True))
    assert "it names one of them" in limits_of(replace(facts, model=never))
    assert "that a drawing is none of these" in limits_of(replace(facts, model=rejects))
    assert "divided by 1.25" in both(replace(facts, model=never))[1]
    assert "divided by" not in both(replace(facts, model=rejects))[1]


def test_limits_tell_of_few_drawings():
    facts = known(n=90)
    text = limits_of(facts, counts=dict.fromkeys(facts.model.classes, 40), of_game=False)
    assert "The figures of each class rest on fewer than 100 drawings each" in text
    assert "It had few drawings to learn from: 40 to 40 of each class" in text
    assert "players of a game" not in text


def test_limits_say_what_surely_costs_something_the_worst_first():
    text = limits_of(known(), robustness=ROBUSTNESS)
    assert "turned by 30° (20 points) or photographed (12 points)." in text
    assert "moved" not in text  # its interval holds 0
    assert "missing" not in text  # sure, but not noticeable
    assert "shaking" not in text


def test_a_model_without_flaws_has_limits_too():
    p = np.eye(3)[np.repeat([0, 1, 2], 200)]
    classes = ("cat", "dog", "fish")
    network = seed_network(3)
    model = Model(network, network.initialise(), classes)
    facts = Known(
        model,
        evaluate(p, np.repeat([0, 1, 2], 200), classes),
        "all",
        "somewhere",
        np.zeros((600, 28, 28), np.uint8),
        np.repeat([0, 1, 2], 200),
        p,
        built_in=True,
    )
    text = limits_of(facts, of_game=False, built_in=True)
    assert text.startswith("It learnt from doodles that a small program draws")
    assert "mistakes most often" not in text
    _, markdown = both(facts)
    assert "None: every drawing was named right." in markdown
    assert "What wrong labels cost" not in markdown
    assert "not recorded in the model file" in markdown


def test_label_noise_is_told_of_googles_drawings_alone():
    below = known(n=2000, seed=3)
    assert below.evaluation.top1 < 0.899
    first, second = label_noise(below.evaluation)
    assert "10.1\u202f%" in first
    assert "89.9\u202f%" in first
    assert f"{100 * (0.899 - below.evaluation.top1):.1f} points below that" in second
    p = np.eye(2)[[0, 1, 1]]
    assert "lie above that" in label_noise(evaluate(p, [0, 1, 1], ["cat", "dog"]))[1]
    assert "What wrong labels cost" in both(below)[1]
    own = both(replace(below, attribution=""))[1]
    assert "What wrong labels cost" not in own
    assert "the trainer's own" in own


@pytest.mark.parametrize(
    "strange",
    [
        {},
        {"settings": 3, "data": [], "drawings": "x"},
        {"settings": {"recipe": []}, "data": {"counts": {"cat": "many"}}},
        {"settings": {"recipe": {"epochs": None}, "test_size": "half"}, "command": 7},
    ],
)
def test_a_strange_record_makes_a_card_that_says_what_is_not_known(strange):
    facts = known()
    html, markdown = both(replace(facts, model=replace(facts.model, record=strange)))
    assert "not recorded in the model file" in markdown
    Page(html)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"augment": 1}, ""),
        ({"augment": 4}, ", 4 variants of each drawing"),
        ({"augment": 0, "split_seed": 42}, ""),
        ({"augment": 1, "split_seed": 42}, ", each drawing once an epoch, always in a new variant"),
        (
            {"augment": 3, "split_seed": 1},
            ", each drawing 3 times an epoch, always in a new variant",
        ),
    ],
)
def test_recipes_tell_of_variants_in_old_files_and_new(settings, words):
    assert told.recipe(record(["cat"], **settings)) == f"6 epochs, batches of 128, adam{words}"


def test_classes_without_drawings_are_named():
    facts = known()
    classes = (*facts.model.classes, "owl")
    p = np.hstack([facts.probabilities, np.zeros((len(facts.labels), 1))])
    network = seed_network(4)
    facts = replace(
        facts,
        model=Model(network, network.initialise(), classes, record=record(classes)),
        evaluation=evaluate(p, facts.labels, classes),
        probabilities=p,
        part="all",
    )
    html, markdown = both(facts)
    assert "**classes without drawings**: owl; no figure counts them" in markdown
    assert "owl –" in markdown
    assert Page(html).count("span", class_="blank") == 1


def test_points_have_signs():
    assert [points(d) for d in (0.0123, -0.0123, 0.0004, -0.0004, 0.0)] == [
        *("+1.2", "−1.2", "0.0", "0.0", "0.0")
    ]
