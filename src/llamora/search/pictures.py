"""An emoji that fits a text, out of some two hundred that diaries have use for; or none.

Each stands with the words it pictures, and one of those must be among the words that the text is
about. Words that only mean nearly the same were tried, by their vectors, and made nonsense more
often than sense ("mistress" is near to "mist"). English only: elsewhere nothing is offered.
"""

from collections.abc import Sequence
from functools import cache

from llamora.search.labels import Label
from llamora.search.words import stem

LEAST = 0.3
"""A word that tells less than this share of what the most telling one does pictures nothing."""

_PICTURED = """
🐕 dog puppy
🐈 cat kitten
🐎 horse riding stable
🐄 cow cattle
🐑 sheep lamb
🐖 pig
🐓 hen chicken rooster
🐦 bird sparrow robin blackbird heron
🕊️ dove pigeon
🦆 duck
🦢 swan goose geese
🦉 owl
🦊 fox
🐇 rabbit hare
🦔 hedgehog
🐿️ squirrel
🦌 deer
🐁 mouse mice rat
🐟 fish trout salmon angling
🐝 bee bees honey hive
🦋 butterfly moth
🐌 snail
🕷️ spider
🐢 turtle tortoise
🐍 snake
🌳 tree oak
🌲 forest woods pine
🌱 seedling seeds sprout
🌷 tulip flower flowers blossom
🌹 rose roses
🌻 sunflower
🍄 mushroom mushrooms
🍂 autumn
🌾 harvest wheat barley
🍎 apple apples orchard
🍐 pear
🍊 orange oranges
🍋 lemon
🍒 cherries cherry
🍓 strawberry strawberries berries
🍇 grapes
🍅 tomato tomatoes
🥕 carrot vegetables
🥔 potato potatoes
🍞 bread loaf baking
🧀 cheese
🥩 steak beef meat
🍗 turkey poultry
🥓 bacon
🥚 egg eggs
🍲 soup stew
🥧 pie pasty
🍰 cake
🍪 biscuit biscuits cookies
🍫 chocolate
🍕 pizza
🍝 pasta spaghetti
🍜 noodles ramen
🍣 sushi
🍽️ dinner supper banquet
🍳 cooking cook breakfast
🥗 salad
🍦 icecream
☕ coffee espresso cafe
🍵 tea
🍷 wine claret
🍺 beer ale alehouse pub
🥛 milk
🏠 house
🛋️ sofa couch
🛏️ bed
🛁 bath
🪑 chair
🪟 window
🚪 door
🔑 key keys
🔨 carpenter repair hammer
🧹 cleaning housework tidying
🧺 laundry washing
🧵 sewing tailor
🧶 knitting wool
👗 dress gown
👔 suit shirt
🧥 coat jacket
👟 shoes sneakers
👒 bonnet
🎩 hat
💍 ring engagement
👓 glasses spectacles
📚 books library
📖 reading novel
📝 essay writing
✉️ letter letters
📞 telephone phone
📧 email
💻 computer laptop programming
📱 smartphone
🖨️ printer
🎓 graduation university exam degree
🏫 school classroom pupils
👩‍🏫 teacher lesson
💼 office work job
📈 promotion profit
💰 money salary accounts
🧾 receipt tax
⚖️ court lawyer trial judge law
🗳️ election vote
🏛️ parliament government
👑 king queen crown
🪖 soldier army military
⚔️ battle fight war
☮️ peace
🕯️ candle mourning
⛪ church sermon chapel
🙏 prayer pray
🕌 mosque
🕍 synagogue
📿 meditation
🎨 painting painter drawing
🖼️ picture portrait
🎭 theatre play opera actor playhouse
🎬 film movie cinema
📷 camera photograph photos
🎵 music song tune
🎶 singing choir
🎹 piano keyboard
🎸 guitar
🎻 violin viol fiddle
🎺 trumpet
🥁 drum drums
🎤 concert singer karaoke
💃 dancing dance
🎲 dice games
🃏 cards
♟️ chess
🧩 puzzle jigsaw
🎳 bowling bowls
⚽ football soccer
🏀 basketball
🎾 tennis
🏏 cricket
🏊 swimming swim
🏃 running jogging marathon
🚶 walk walking stroll
🥾 hiking hike
🧘 yoga
🏋️ gym workout
🚴 bicycle cycling bike
🧗 climbing
⛷️ skiing
⛸️ skating
🎣 fishing
⛺ camping tent
🏖️ beach seaside
🏔️ mountain mountains
🏞️ river valley stream
🌊 sea ocean waves tide
🏝️ island
🏰 castle
🌉 bridge
⛲ fountain
🏙️ city downtown
🌆 town
🏥 hospital surgery
👩‍⚕️ doctor physician
💊 medicine pills physick
🤒 fever sick illness
🤧 cold cough flu
🤕 headache injury
🦷 tooth toothache dentist
👁️ eyes eyesight
🦴 bone
💉 vaccine injection
🩺 checkup
😴 sleep sleepy tired nap insomnia
💭 dream dreams nightmare
😭 crying tears weeping grief
😟 worry anxiety fear
😠 anger angry quarrel
😂 laughter joke laughing
🥳 celebration celebrate
❤️ love
💔 heartbreak
💋 kiss
👶 baby newborn
🧒 child children
👵 grandmother grandma
👴 grandfather grandpa
👩‍👧 mother mum daughter
👨‍👦 father dad son
👯 sister sisters
👬 brother brothers
🤝 friend friends agreement
🎂 birthday
💒 wedding marriage bride
⚰️ funeral burial coffin
👼 christening baptism
🎄 christmas
🎃 halloween
🐣 easter
🎆 fireworks bonfire
🎁 gift
🎉 party
🎈 balloon
🔥 fire flames burning
🌧️ rain rainy
❄️ snow frost
☀️ sun sunshine sunny
⛈️ storm thunder lightning
🌬️ wind windy
🌫️ fog mist
🌈 rainbow
🌙 moon moonlight
⭐ star stars
🌅 sunrise dawn
🌇 sunset dusk
🥵 heat
🔭 telescope astronomy
🔬 microscope
🧪 experiment chemistry
⚙️ machine
🔧 plumber wrench pipes
💡 invention
🏗️ construction scaffold
🚗 car driving
🚌 bus
🚂 train railway
✈️ flight airplane airport
🚢 ship ships vessel fleet navy
⛵ boat sailing barge yacht
🛶 canoe kayak rowing
⚓ anchor harbour dock dockyard
🧳 luggage suitcase journey travel
🗺️ map
📦 parcel package
🛒 shopping groceries market
✂️ haircut barber scissors
🪒 razor shaving
🪞 mirror
🪴 plants
🌿 garden gardening herbs
💀 plague death
🗡️ sword dagger
👻 ghost
🔒 prison jail
🏆 victory
🤰 pregnant pregnancy
"""


def picture(words: Sequence[Label]) -> str | None:
    """The emoji of the most telling word that has one; `words` are those of an English text."""
    pictured = [one for one in words if stem(one.spelled, "en") in _emoji()]
    if not pictured:
        return None
    best = max(pictured, key=lambda one: one.weight)
    enough = best.weight >= LEAST * max(one.weight for one in words)
    return _emoji()[stem(best.spelled, "en")] if enough else None


@cache
def _emoji() -> dict[str, str]:
    """The emoji by the stems of what they picture."""
    lines = [line.split() for line in _PICTURED.strip().splitlines()]
    return {stem(word, "en"): emoji for emoji, *words in lines for word in words}
