"""Words of the sample garments' texts.

Categories are names in :data:`vdata_assets.samples.garment_kinds.KINDS`, tags those of the fashion rules.
"""

from collections.abc import Mapping

# How a tag is said before a noun, and how after "with", "of" or a colon.
Words = Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
MATERIALS: Words = {
    "cotton": (("cotton", "soft cotton", "organic cotton"), ("cotton", "100% cotton", "organic cotton")),
    "denim": (("denim", "washed denim"), ("denim", "rigid denim")),
    "knit": (("knit", "ribbed knit", "chunky knit"), ("ribbed knit", "a fine knit")),
    "leather": (("leather", "soft leather"), ("leather", "supple leather")),
    "lace": (("lace", "delicate lace"), ("lace", "openwork lace")),
    "satin": (("satin", "glossy satin"), ("satin", "fluid satin")),
    "velvet": (("velvet", "plush velvet"), ("velvet", "stretch velvet")),
    "fleece": (("fleece", "cosy fleece"), ("fleece", "warm fleece")),
}
PATTERNS: Words = {
    "solid": (("solid", "solid-color"), ("solid color",)),
    "stripe": (("striped", "stripe"), ("stripes", "a stripe pattern")),
    "plaid": (("plaid",), ("plaid", "a plaid pattern")),
    "floral": (("floral", "floral-print"), ("floral print", "a floral pattern")),
    "polka_dot": (("polka dot", "polka-dot"), ("polka dots", "a polka dot print")),
    "color_block": (("color-block", "color block"), ("color block", "a color block design")),
    "animal_print": (("animal print", "leopard print"), ("animal print", "leopard print")),
    "graphic": (("graphic",), ("graphic print", "a graphic print")),
}
NECKLINES: Words = {
    "crew": (("crew neck", "crewneck"), ("crew neck", "crew neckline")),
    "v_neck": (("V-neck",), ("V-neck", "V neckline")),
    "scoop": (("scoop neck",), ("scoop neck", "scoop neckline")),
    "square": (("square neck",), ("square neck", "square neckline")),
    "boat": (("boat neck",), ("boat neck", "boat neckline")),
    "turtleneck": (("turtleneck",), ("turtleneck",)),
    "collared": (("collared",), ("classic collar", "point collar")),
    "off_shoulder": (("off-the-shoulder", "off-shoulder"), ("off-the-shoulder neckline",)),
    "strapless": (("strapless",), ("strapless neckline",)),
    "halter": (("halter", "halter neck"), ("halter neck", "halter neckline")),
}
SLEEVES: Words = {
    "sleeveless": (("sleeveless",), ("sleeveless cut",)),
    "short_sleeve": (("short-sleeve", "short sleeve"), ("short sleeves",)),
    "long_sleeve": (("long-sleeve", "long sleeve"), ("long sleeves",)),
    "three_quarter": (("three-quarter sleeve", "3/4 sleeve"), ("three-quarter sleeves", "3/4 sleeves")),
    "puff": (("puff sleeve",), ("puff sleeves",)),
    "bell": (("bell sleeve",), ("bell sleeves",)),
    "cap": (("cap sleeve",), ("cap sleeves",)),
}
WORDS: Mapping[str, Words] = {
    "material": MATERIALS,
    "pattern": PATTERNS,
    "neckline": NECKLINES,
    "sleeve": SLEEVES,
}
NOUNS = {
    "Tees": ("tee", "t-shirt"),
    "Shirts": ("shirt",),
    "Sweaters": ("sweater", "pullover"),
    "Cardigans": ("cardigan",),
    "Dresses": ("dress", "midi dress"),
    "Jackets": ("jacket",),
    "Shorts": ("shorts",),
    "Pants": ("pants", "trousers"),
    "Denim": ("jeans",),
    "Skirts": ("skirt", "A-line skirt"),
    "Hoodies": ("hoodie",),
    "Tanks": ("tank top",),
}
# Jeans are of denim and tank tops are sleeveless: a text that is silent on it must not call them so.
SILENT_NOUNS = {("Denim", "material"): "five-pocket trousers", ("Tanks", "sleeve"): "top"}
COLOUR_WORDS = {"sky": "sky blue"}
BRANDS = ("Northlane", "Ada & Finch", "Bellmoor", "Harbour Row", "Osterley")

OTHERS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "upper": (
        ("Shorts", "denim shorts"),
        ("Skirts", "a floral skirt"),
        ("Pants", "leather pants"),
        ("Pants", "plaid trousers"),
        ("Denim", "blue jeans"),
        ("", "leather boots"),
        ("", "a striped scarf"),
        ("", "lace-up boots"),
        ("", "a velvet bag"),
    ),
    "lower": (
        ("Tees", "a striped crew neck tee"),
        ("Shirts", "a cotton long-sleeve shirt"),
        ("Sweaters", "a chunky knit sweater"),
        ("Jackets", "a leather jacket"),
        ("Tanks", "a lace tank top"),
        ("", "a leather belt"),
        ("", "velvet heels"),
        ("", "a polka dot scarf"),
    ),
    "full": (
        ("Jackets", "a denim jacket"),
        ("Cardigans", "a chunky knit cardigan"),
        ("", "leather boots"),
        ("", "a satin clutch"),
        ("", "a leopard print belt"),
    ),
}
FOREIGN_SENTENCES = (
    "Worn with {}.",
    "Pair it with {}.",
    "Style it with {}.",
    "Looks great with {}.",
    "Team with {} for the weekend.",
    "The model also wears {}.",
)
# Captions tell of everything that is worn, garment by garment.
FOREIGN_CAPTIONS = {
    "upper": (
        "The lower clothing is of long length, with denim fabric and solid color patterns.",
        "The lower clothing is with cotton fabric and plaid patterns.",
        "The lower clothing is a leather skirt.",
    ),
    "lower": (
        "The upper clothing has long sleeves, cotton fabric and solid color patterns.",
        "The upper clothing has short sleeves and graphic patterns, and its neckline is a crew neck.",
        "The upper clothing is a sleeveless lace top.",
    ),
    "full": (
        "The outer clothing is with denim fabric and solid color patterns.",
        "She wears a leather belt.",
    ),
}
OUTER = frozenset({"Cardigans", "Jackets"})
CLUTTER = (
    "The model wears size S.",
    "Model is 5'9\" and wears size M.",
    "Machine wash cold, tumble dry low.",
    "Free returns within 30 days!",
    "True to size; regular fit.",
    "Rated 4.6 by 132 customers.",
    "Imported.",
    "New this season: “the one that sold out”, back in stock.",
    "<b>Online only</b> & nearly gone.",
)
