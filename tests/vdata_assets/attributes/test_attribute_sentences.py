"""What sentences say of their product, and what they do not say."""

import pytest

from vdata_assets.attributes.extract import extract
from vdata_assets.attributes.rules import AttributeRules, load_rules

OUTFIT = (
    "The upper clothing has long sleeves, cotton fabric and solid color patterns. The neckline of it is "
    "round. The lower clothing is of long length. The fabric is denim and it has solid color patterns. "
    "There is a belt."
)
LAYERED = (
    "The upper clothing has long sleeves, cotton fabric and solid color patterns. The neckline of it is "
    "v-shape. The lower clothing is of long length. The fabric is denim and it has solid color patterns. "
    "This lady also wears an outer clothing, with leather fabric and plaid patterns. This female is wearing "
    "a ring on her finger."
)
TANK = (
    "Her tank shirt has no sleeves, chiffon fabric and graphic patterns. It has a round neckline. The person "
    "wears a long pants. The pants are with denim fabric and solid color patterns. The lady wears a ring."
)
TURNS = (
    "This man wears a short-sleeve T-shirt with striped patterns and long pants. The T-shirt is with cotton "
    "fabric and its neckline is crew. The pants are with leather fabric and pure color patterns. There is a "
    "hat in his head."
)

SAID = [
    # What is said of the product.
    ("Tees", "Cotton tee", "cotton"),
    ("Shirts", "COTTON AND LINEN SHIRT", "cotton linen"),
    ("Tops", "Women's V-Neck T-Shirt Short Sleeve Cotton Casual Tops", "cotton v_neck short_sleeve"),
    ("Tees", "V-necked tee with 3/4 sleeves", "v_neck three_quarter"),
    ("Tees", "vneck tee, ¾ sleeves", "v_neck three_quarter"),
    ("Tops", "Top with three-quarter-length sleeves", "three_quarter"),
    ("Tops", "Top with 3/4-length sleeves and a scoop neckline", "scoop three_quarter"),
    ("Blouses", "Blouse with three-quarter-length bell sleeves", "bell three_quarter"),
    ("Blouses", "Its sleeves are bell-shaped, its neckline is a deep V", "v_neck bell"),
    ("Blouses_Shirts", "Polka-dot blouse with ruffled collar", "polka_dot collared"),
    ("Blouses", "polka dots all over, puffed sleeves", "polka_dot puff"),
    ("Dresses", "Cowl-neck satin slip dress", "satin cowl"),
    ("Dresses", "Off-the-shoulder dress in crushed velvet", "velvet off_shoulder"),
    ("Dresses", "Strapless tie-dyed sundress", "tie_dye strapless"),
    ("Dresses", "Floral chiffon gown, sweetheart neck, flutter sleeves", "chiffon floral sweetheart flutter"),
    ("Rompers_Jumpsuits", "Jumpsuit with wide legs, square neck and cap sleeves", "square cap"),
    ("Dresses", "Halter dress with leopard print", "animal_print halter"),
    ("Dresses", "Boat-neck dress, bishop sleeves, keyhole detail", "boat keyhole bishop"),
    ("Sweaters", "Chunky cable-knit turtleneck with dolman sleeves", "knit turtleneck dolman"),
    ("Sweatshirts_Hoodies", "Raglan hoodie in camo fleece", "fleece camouflage raglan"),
    ("Sweaters", "Mock neck merino sweater", "wool turtleneck"),
    ("Coats", "Houndstooth check coat, notched lapels", "houndstooth collared"),
    ("Shirts", "Gingham shirt with rolled-up long sleeves", "plaid long_sleeve"),
    ("Tees", "Colour-blocked jersey tee", "jersey color_block"),
    ("Skirts", "Paisley skirt with an ombre effect", "paisley ombre"),
    ("Shorts", "Mesh shorts in an abstract print", "mesh abstract"),
    ("Denim", "High-rise skinny jeans", "denim"),
    ("Jackets", "Jean jacket", "denim"),
    ("Handbags", "Leather handbag with plaid lining", "leather"),
    ("Casual Shoes", "Suede boat shoes, striped", "stripe"),
    (None, "Denim shirt dress with half sleeves", "denim short_sleeve"),
    (None, "100% polyester", "polyester"),
    ("Tees", "Material: Cotton; Pattern: Striped; Neckline: Round", "cotton stripe round"),
    ("Tees", "Sleeve: 3/4", "three_quarter"),
    ("Tops", "The sleeves are long and the neckline is v-shaped", "v_neck long_sleeve"),
    ("Shirts", "FIFA Men Full Sleeves Checked Shirt", "plaid long_sleeve"),
    ("Dresses", "One shouldered silk dress", "silk"),
    ("Jeans", "Wrangler Men Blue Texas Jeans", "denim"),
    # Which tag comes first.
    ("Denim", "Cotton denim shorts", "denim cotton"),
    ("Sweaters", "Wool knit pullover", "wool knit"),
    ("Shirts", "Solid black shirt with white pinstripes", "stripe solid"),
    ("Tops", "Long puff sleeves", "puff long_sleeve"),
    ("Dresses", "Chiffon dress with lace trim", "chiffon lace"),
    ("Jackets", "Denim jacket lined with fleece", "denim fleece"),
    ("Coats", "Leather-trimmed wool coat", "wool leather"),
    ("Dresses", "Shell: 100% Cotton. Lining: 100% Silk.", "cotton silk"),
    # A detail alone is not the product.
    ("Dresses", "Dress with lace trim", ""),
    ("Dresses", "Dress with a lace and mesh insert", ""),
    ("Coats", "Coat lined with silk and wool", ""),
    ("Tees", "Tee with a mesh pocket", ""),
    ("Shirts", "Shirt with solid wood buttons, the pockets are denim", ""),
    # Words that look like it.
    ("Dresses", "Cotton candy pink dress", ""),
    ("Blouses", "Silky, silk-like blouse in a satin finish", ""),
    ("Jackets", "Faux leather jacket", ""),
    ("Jackets", "Vegan leather jacket, leather-look sleeves", ""),
    ("Pants", "PU leather leggings", ""),
    ("Tops", "Lace-up top that laces at the back", ""),
    ("Tees", "Tee with round hem and square pocket", ""),
    ("Pants", "Bell bottoms", ""),
    ("Tees", "Tee shown with a baseball cap, boat shoes and crew socks", ""),
    ("Tees", "Basketball jersey tee by a graphic designer", ""),
    ("Dresses", "Short dress with a long slit", ""),
    ("Shirts", "Denim blue shirt of solid quality", ""),
    ("Tops", "Top with shorter sleeves and a bit of sparkle", ""),
    ("Tops", "Check out this blouse, cottony and Woolrich-made", ""),
    # Denials.
    ("Tees", "Tee without a collar", ""),
    ("Tees", "Collarless cotton-free tee", ""),
    ("Shirts", "Not cotton, but linen shirt", "linen"),
    ("Shirts", "This is not a cotton shirt but a linen one", "linen"),
    ("Shirts", "Not only cotton but also silk", "cotton silk"),
    ("Blouses", "Neither silk nor satin: polyester blouse", "polyester"),
    ("Tops", "Top with no sleeves and no lace or mesh", "sleeveless"),
    ("Tops", "Top without sleeves", "sleeveless"),
    ("Dresses", "Straps instead of long sleeves", ""),
    ("Tees", "Softer than cotton, feels like silk: a polyester tee", "polyester"),
    ("Blouses", "Smooth like silk, soft as velvet", ""),
    ("Shirts", "Inspired by vintage denim jackets, this shirt is linen", "linen"),
    ("Tops", "Ditch the denim; this top is linen", "linen"),
    ("Tees", "Collar: none. Sleeves: none.", "sleeveless"),
    ("Coats", "Contains no wool; leather-free", ""),
    ("Shirts", "No-iron cotton shirt", "cotton"),
    ("Blouses", "It isn't see-through, and has stripes", "stripe"),
    # Other garments and accessories.
    ("Tees", "Cotton tee worn with denim shorts", "cotton"),
    ("Tees", "Tee, paired with leather boots", ""),
    ("Tees", "Cotton tee with blue jeans", "cotton"),
    ("Tees", "Tee with cotton and linen shorts", ""),
    ("Tees", "Striped tee worn under a denim jacket", "stripe"),
    ("Tees", "Tee worn with denim shorts and has a round neck", "round"),
    ("Tees", "Tee worn with plaid shorts, made of soft cotton", "cotton"),
    ("Tees", "This tee goes with any jeans, plaid skirt or leather jacket", ""),
    ("Tees", "Tee. Pair it with our plaid flannel shirt and a wool hat for layering.", ""),
    ("Tees", "White tee | leather bag | denim jeans", ""),
    ("Tees_Tanks", "Ribbed tank, styled with a leather belt and denim cutoffs", ""),
    ("Shirts_Polos", "Her jacket is denim", ""),
    ("Shirts", "Plain white shirt. Model wears plaid trousers.", "solid"),
    ("Shorts", "Also available in denim and velvet. Solid twill shorts.", "solid"),
    ("Cardigans", "Knit cardigan layered over a silk cami", "knit"),
    ("Tops", "Sheer lace top worn over a silk cami", "lace"),
    ("Jackets_Coats", "Worn over a cotton tee, this denim jacket has patch pockets", "denim"),
    ("Jackets", "She wears a denim jacket over her striped tee", "denim"),
    ("Tees", "She wears a denim jacket over her striped tee", "stripe"),
    ("Dresses", "Black dress, leather belt included", ""),
    ("Dresses", "Floral midi dress over a white turtleneck", "floral"),
    ("Dresses", "Short-sleeved floral dress with leather sneakers and a denim jacket", "floral short_sleeve"),
    ("Tees", "Her hat is wool. It is striped. The tee is cotton.", "cotton"),
    ("Tees", "A striped tee. There is a leather belt. The fabric is cotton.", "cotton stripe"),
    ("Blouses", "Shown with wool trousers, the blouse is silk", "silk"),
    ("Denim", "Jeans with a striped V-neck sweater", "denim"),
    ("Skirts", "Sleeveless, V-neck, long sleeves", ""),
    ("Sweaters", "A knit sweater that pairs beautifully with your favorite denim", "knit"),
    ("Tees", "Pair this cotton tee with leather", "cotton"),
    ("Tees", "Wear this striped tee tucked into a leather skirt", "stripe"),
    ("Blouses", "This blouse looks great with any leather leggings", ""),
    ("Tees", "The model is wearing a striped cotton tee", "cotton stripe"),
    ("Jackets", "Model is wearing a striped tee underneath", ""),
    ("Dresses", "Sleeveless dress with a long-sleeve bolero", "sleeveless"),
    ("Dresses", "Dress with striped top and pleated chiffon skirt", "chiffon stripe"),
    ("Rompers", "Denim romper worn with a lace top", "denim"),
    ("Sweatshirts_Hoodies", "A leather jacket over a cotton hoodie", "cotton"),
    ("Tees", "<b>cotton</b> tee<br>denim shorts", "cotton"),
    # Captions of outfits: the product's own part counts.
    ("Denim", OUTFIT, "denim solid"),
    ("Shorts", OUTFIT, "denim solid"),
    ("Tees_Tanks", OUTFIT, "cotton solid round long_sleeve"),
    (None, OUTFIT, "cotton solid round long_sleeve"),
    ("Jackets_Coats", LAYERED, "leather plaid"),
    ("Blouses_Shirts", LAYERED, "cotton solid v_neck long_sleeve"),
    ("Pants", LAYERED, "denim solid"),
    ("Tees_Tanks", TANK, "chiffon graphic round sleeveless"),
    ("Denim", TANK, "denim solid"),
    ("Graphic_Tees", TURNS, "cotton stripe crew short_sleeve"),
    ("Pants", TURNS, "leather solid"),
]  # fmt: skip


@pytest.fixture(scope="module")
def rules() -> AttributeRules:
    return load_rules()


@pytest.fixture(scope="module")
def read(rules: AttributeRules) -> list[str]:
    """The tags of every sentence of the table, in the rules' order."""
    rows = extract([text for _, text, _ in SAID], [category for category, _, _ in SAID], rules)
    return [
        " ".join(tag for name in rules.attributes for tag in row[f"{name}_tags"])
        for row in rows.iter_rows(named=True)
    ]


@pytest.mark.parametrize(
    "case", range(len(SAID)), ids=[f"{category}: {text[:60]}" for category, text, _ in SAID]
)
def test_a_text_says_these_tags_and_no_others(read: list[str], case: int) -> None:
    assert read[case] == SAID[case][2]


def test_the_table_has_more_than_a_hundred_sentences_and_every_tag_of_the_rules(
    rules: AttributeRules,
) -> None:
    said = {tag for _, _, tags in SAID for tag in tags.split()}
    assert len(SAID) > 100
    assert said == {tag for name in rules.attributes for tag in rules.tags(name)}


@pytest.mark.parametrize(
    ("category", "tags"),
    [
        ("Tees_Tanks", "stripe"),
        ("T-Shirts", "stripe"),
        ("MEN > Clothing > Shirts", "stripe"),
        ("Dress Shirts", "stripe"),
        ("Shirt Dresses", ""),
        ("Denim", "denim"),
        ("Denim Skirts", "denim"),
        ("Denim Jackets", ""),
        ("Tops & Dresses", "stripe"),
        ("Kidswear", "stripe"),
        (None, "stripe"),
        ("", "stripe"),
    ],
)
def test_the_category_tells_what_the_product_is_else_the_text(
    rules: AttributeRules, category: str | None, tags: str
) -> None:
    row = extract(["The henley is striped. The jeans are not."], [category], rules).row(0, named=True)
    assert [tag for name in rules.attributes for tag in row[f"{name}_tags"]] == tags.split()
