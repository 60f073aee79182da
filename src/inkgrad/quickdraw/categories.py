"""The 345 categories of Quick, Draw!, and finding the one that a user means."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from inkgrad.errors import DataError

__all__ = ["CATEGORIES", "find_categories", "find_category"]

_NAMES = """
aircraft carrier, airplane, alarm clock, ambulance, angel, animal migration, ant, anvil,
apple, arm, asparagus, axe, backpack, banana, bandage, barn, baseball, baseball bat, basket,
basketball, bat, bathtub, beach, bear, beard, bed, bee, belt, bench, bicycle, binoculars,
bird, birthday cake, blackberry, blueberry, book, boomerang, bottlecap, bowtie, bracelet,
brain, bread, bridge, broccoli, broom, bucket, bulldozer, bus, bush, butterfly, cactus, cake,
calculator, calendar, camel, camera, camouflage, campfire, candle, cannon, canoe, car,
carrot, castle, cat, ceiling fan, cello, cell phone, chair, chandelier, church, circle,
clarinet, clock, cloud, coffee cup, compass, computer, cookie, cooler, couch, cow, crab,
crayon, crocodile, crown, cruise ship, cup, diamond, dishwasher, diving board, dog, dolphin,
donut, door, dragon, dresser, drill, drums, duck, dumbbell, ear, elbow, elephant, envelope,
eraser, eye, eyeglasses, face, fan, feather, fence, finger, fire hydrant, fireplace,
firetruck, fish, flamingo, flashlight, flip flops, floor lamp, flower, flying saucer, foot,
fork, frog, frying pan, garden, garden hose, giraffe, goatee, golf club, grapes, grass,
guitar, hamburger, hammer, hand, harp, hat, headphones, hedgehog, helicopter, helmet,
hexagon, hockey puck, hockey stick, horse, hospital, hot air balloon, hot dog, hot tub,
hourglass, house, house plant, hurricane, ice cream, jacket, jail, kangaroo, key, keyboard,
knee, knife, ladder, lantern, laptop, leaf, leg, light bulb, lighter, lighthouse, lightning,
line, lion, lipstick, lobster, lollipop, mailbox, map, marker, matches, megaphone, mermaid,
microphone, microwave, monkey, moon, mosquito, motorbike, mountain, mouse, moustache, mouth,
mug, mushroom, nail, necklace, nose, ocean, octagon, octopus, onion, oven, owl, paintbrush,
paint can, palm tree, panda, pants, paper clip, parachute, parrot, passport, peanut, pear,
peas, pencil, penguin, piano, pickup truck, picture frame, pig, pillow, pineapple, pizza,
pliers, police car, pond, pool, popsicle, postcard, potato, power outlet, purse, rabbit,
raccoon, radio, rain, rainbow, rake, remote control, rhinoceros, rifle, river,
roller coaster, rollerskates, sailboat, sandwich, saw, saxophone, school bus, scissors,
scorpion, screwdriver, sea turtle, see saw, shark, sheep, shoe, shorts, shovel, sink,
skateboard, skull, skyscraper, sleeping bag, smiley face, snail, snake, snorkel, snowflake,
snowman, soccer ball, sock, speedboat, spider, spoon, spreadsheet, square, squiggle,
squirrel, stairs, star, steak, stereo, stethoscope, stitches, stop sign, stove, strawberry,
streetlight, string bean, submarine, suitcase, sun, swan, sweater, swing set, sword, syringe,
table, teapot, teddy-bear, telephone, television, tennis racquet, tent, The Eiffel Tower,
The Great Wall of China, The Mona Lisa, tiger, toaster, toe, toilet, tooth, toothbrush,
toothpaste, tornado, tractor, traffic light, train, tree, triangle, trombone, truck, trumpet,
t-shirt, umbrella, underwear, van, vase, violin, washing machine, watermelon, waterslide,
whale, wheel, windmill, wine bottle, wine glass, wristwatch, yoga, zebra, zigzag
"""

CATEGORIES: tuple[str, ...] = tuple(" ".join(_NAMES.split()).split(", "))
"""The official names, in the official order (alphabetical, capital letters aside)."""


def find_category(name: str) -> str:
    """Return the official name of the category that `name` means.

    Capital letters, spaces, underscores, hyphens, a leading "the" and a plural do not matter.

    Parameters
    ----------
    name : str
        For instance ``"eiffel tower"``.

    Returns
    -------
    category : str
        One of `CATEGORIES`.

    Raises
    ------
    DataError
        If no category is meant; it names the three nearest.

    Examples
    --------
    >>> find_category("eiffel tower"), find_category("T SHIRT"), find_category("cats")
    ('The Eiffel Tower', 't-shirt', 'cat')
    >>> find_category("dolfin")
    Traceback (most recent call last):
    inkgrad.errors.DataError: 'dolfin' is no Quick, Draw! category; did you mean dolphin, ...?
    """
    for form in _singular_and_plural(_letters(name)):
        if form in _BY_LETTERS:
            return _BY_LETTERS[form]
    nearest = difflib.get_close_matches(_letters(name), _BY_LETTERS, n=3, cutoff=0.0)
    first, second, third = (_BY_LETTERS[letters] for letters in nearest)
    raise DataError(
        f"{name!r} is no Quick, Draw! category; did you mean {first}, {second} or {third}?"
    )


def find_categories(names: str | Iterable[str]) -> tuple[str, ...]:
    """Return the official names of several categories, in the order given.

    Parameters
    ----------
    names : str or iterable of str
        Names separated by commas, or one name an item; each as `find_category` takes it.

    Returns
    -------
    categories : tuple of str

    Raises
    ------
    DataError
        If there is no name, an empty one, an unknown one, or the same category twice.

    Examples
    --------
    >>> find_categories("cat, Teddy Bear")
    ('cat', 'teddy-bear')
    """
    given = names.split(",") if isinstance(names, str) else list(names)
    if not any(name.strip() for name in given):
        raise DataError("no categories are given; name at least one, for instance cat,dog")
    found: dict[str, str] = {}
    for name in given:
        category = find_category(name.strip())
        if category in found:
            raise DataError(
                f"the category {category} is given twice, as {found[category]!r} and as "
                f"{name.strip()!r}; name each one once"
            )
        found[category] = name.strip()
    return tuple(found)


def _letters(name: str) -> str:
    """Return what identifies a name: its letters in lower case, without a leading "the"."""
    return re.sub(r"[^a-z0-9]|^(the[ _-]*)+", "", name.strip().casefold())


def _singular_and_plural(letters: str) -> list[str]:
    """Return the forms in which a name is looked for: as it stands, singular, plural."""
    forms = [letters, letters.removesuffix("s"), letters.removesuffix("es")]
    if letters.endswith("ies"):
        forms.append(letters.removesuffix("ies") + "y")
    return [*forms, letters + "s", letters + "es"]


_BY_LETTERS = {_letters(name): name for name in CATEGORIES}
