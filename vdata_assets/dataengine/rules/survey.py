"""Which basic colour terms people use for which screen colours: data, no code.

From the colour survey of xkcd.com (R. Munroe, 2010: 222 500 people named five million colours on their own
screens; its list of 949 colours is in the public domain, CC0), reduced to the eleven basic colour terms of
B. Berlin and P. Kay, Basic Color Terms, 1969. A colour goes under the terms that its name is made of: "light
red" under red, "reddish brown" and "maroon" under what they lie between. Names that say little of their
colour ("off blue") are left out.
"""

NAMED: dict[str, str] = {
    "black": "000000",
    "white": "ffffe4 ffffff",
    "grey": "363737 6b7c85 7d7f7c 929591 95a3a6 978a84 a8a495 d8dcd6",
    "red": (
        "840000 980002 9a0200 9f2305 a90308 b9484e bb3f3f c0022f c44240 d3494e db5856 e50000 ec2d01 ef4026 "
        "f7022a fe0002 fe2f4a ff000d ff073a ff474c"
    ),
    "orange": (
        "c04e01 c65102 c87606 d8863b dc4d01 f0833a f0944d f97306 fb7d07 fc824a fdaa48 fe4b03 ff5b00 ff964f "
        "ffa756"
    ),
    "yellow": (
        "bfac05 c2be0e c7c10c cdc50a cfff04 d0c101 d0e429 d5ab09 d5b60a ddd618 eedc5b f1f33f faee66 fafe4b "
        "fdff38 feff7f ffda03 ffdf22 fff917 fffd01 fffd37 fffd74 fffe40 fffe71 fffe7a ffff14 ffff84"
    ),
    "green": (
        "002d04 009337 014600 019529 01ff07 02590f 028f1e 02ab2e 02c14d 033500 044a05 048243 05480d 05ffa6 "
        "062e03 06470c 089404 08ff08 0a481e 0add08 0aff02 0b4008 0bf77d 0cff0c 11875d 154406 15b01a 1bfc06 "
        "1fb57a 20c073 21c36f 21fc0d 25ff29 287c37 2a7e19 2baf6a 2cfa1f 2dfe54 2fef10 33b864 35ad6b 388004 "
        "39ad48 3ae57f 3d9973 3eaf76 3f9b0b 40a368 40fd14 419c03 4b5d16 4b6113 4da409 4efd54 4f9153 50a747 "
        "51b73b 526525 53fca1 53fe5c 548d44 56ae57 58bc08 5c8b15 5ca904 5cb200 5fa052 606602 61de2a 61e160 "
        "638b27 657432 658b38 667c3e 667e2c 699d4c 69d84f 6c7a0e 6f7c00 6fc276 70b23f 748500 749551 74a662 "
        "758000 75b84f 75fd63 76a973 76cd26 7a9703 7af9ab 7bb274 80f9ad 87a922 889717 88b378 89a203 8cfd7e "
        "8cff9e 8ee53f 8f9805 8fae22 8ffe09 8fff9f 90fda9 94ac02 94b21c 96b403 96f97b 98f6b0 99cc04 9aae07 "
        "9af764 9be5aa 9db92c 9dc100 a0bf16 a0febf a6c875 a6fbb2 a7ffb5 a9f971 adf802 b0ff9d b1fc99 b2fba5 "
        "b6c406 bcf5a6 bdf8a3 c7fdb5 c8ffb0 cffdbc d1ffbd"
    ),
    "blue": (
        "000133 00022e 00035b 000435 001146 004577 010fcc 01153e 01386a 014182 015482 0165fc 016795 020035 "
        "0203e2 02066f 021bf9 02ccfe 030aa7 0339f8 0343df 03719c 040273 040348 047495 04d9ff 0504aa 056eee "
        "0652ff 0804f9 0a437a 0c06f7 0d75f8 0e87cc 107ab0 152eff 155084 1805db 2242c7 247afd 26538d 26f7fd "
        "276ab3 2976bb 2c6fbb 2e5a88 31668a 3778bf 3a2efe 3b5b92 3b638c 3b719f 3c73a8 3d7afd 3e82fc 3f829d "
        "436bad 448ee4 475f94 49759c 4984b8 4b57db 4e7496 4f738e 507b9c 5170d7 5a86ad 6488ea 658cbb 75bbfd "
        "7bf2da 8ab8fe 8af1fe 95d0fc 98eff9 a2bffe a2cffe b1d1fc bdf6fe c3fbf4 c4fff7 c6fcff cafffb d0fefe "
        "d4ffff d5ffff d6fffe d7fffe"
    ),
    "purple": (
        "280137 2a0134 34013f 35063e 36013f 380835 3f012c 430541 490648 4b006e 4e0550 580f41 5d1451 720058 "
        "734a65 751973 7e1e9c 805b87 825f87 84597e 856798 8756e4 894585 895b7b 8d5eb7 916e99 94568c 952e8f "
        "966ebd 983fb2 98568d 9900fa 9a0eea 9c6da5 9d5783 9e43a2 a00498 a442a0 a552e6 a55af4 a66fb5 aa23ff "
        "ac86a8 ad03de ad0afd b790d4 bc13fe be03fd bf77f6 c071fe c760ff c79fef c95efb ca9bf7 caa0ff cb00f5 "
        "cea2fd ceaefa d6b4fc dfc5fe e4cbff edc8ff eecffe f6cefc"
    ),
    "pink": (
        "c77986 ca7b80 cb0162 cb416b cc7a8b cd7584 d1768f d46a7e d5869d d58a94 d90166 da467d de9dac e78ea5 "
        "f36196 f6688e fb5581 fc86aa fdb0c0 fe019a fe01b1 fe02a2 fe46a5 fe828c fe83cc ff028d ff0490 ff0789 "
        "ff63e9 ff69af ff7fa7 ff81c0 ffb2d0 ffb7ce ffbacd ffcfdc ffd1df"
    ),
    "brown": (
        "1d0200 341c02 410200 411900 60460f 653700 7a5901 7b5804 7d7103 7f5112 836539 876e4b 885f01 886806 "
        "947706 964e02 9c6d57 a87900 ad8150 ad900d b1916e b2713d d3b683"
    ),
    "black/grey": "343837 3c4142",
    "white/yellow": "fff39a ffffc2",
    "grey/red": "997570",
    "grey/green": "77926f 789b73 7ea07a 82a67d 86a17d 96ae8d b7e1a1",
    "grey/blue": (
        "1f3b4d 214761 29465b 516572 59656d 5a7d9a 5b7c99 5e819d 607c8e 647d8e 6b8ba4 6f828a 738595 748b97 "
        "758da3 89a0b0 9dbcd4 b7c9e2"
    ),
    "grey/purple": "7a687f 826d8c 866f85 887191 947e94",
    "grey/pink": "c3909b c88d94 c8aca9",
    "grey/brown": "7a6a4f 7f7053 86775f 8d8468",
    "red/orange": "af2f0d cd5909 f43605 f8481c fa4224 fd3c06 fd411e",
    "red/purple": "7b0323 80013f 820747 8c0034 910951 990147 9e0168 a50055 b0054b",
    "red/pink": (
        "b5485d ba6873 be013c c0737a c74767 c87f89 cf6275 f10c45 f5054f f7879a fa2a55 fc2647 fdc1c5 fe2c54 "
        "ffc5cb"
    ),
    "red/brown": "6e1005 7f2b0a 8b2e16 8f1402 922b05 9e3623 a03623",
    "orange/yellow": "fcb001 fdb915 ffab0f ffad01",
    "orange/pink": (
        "c85a53 cf524e de7e5d fc5a50 fe7b7c fea993 ff6163 ff6f52 ff724c ff796c ff9a8a ffb07c ffb19a ffd8b1 "
        "ffe5ad"
    ),
    "orange/brown": "b16002 b25f03 b66325 b96902 be6400 ca6b02 cb7723",
    "yellow/green": (
        "65fe08 728f02 7ebd01 84b701 87fd05 89fe05 8eab12 94a617 9dff00 a4bf20 a8ff04 aaff32 aefd6c aeff6e "
        "b0dd16 b1ff65 b5ce08 b9ff66 befd73 bff128 bffe28 c0fb2d c2ff89 c4fe82 c6f808 c8fd3d c9ff27 ccfd7f "
        "cdfd02 d0fe1d"
    ),
    "yellow/brown": (
        "9b7a01 a88905 a88f59 ab7e4c ac7e04 ac9362 ae8b0c af884a b27a01 b29705 b79400 c4a661 c9b003 cba560 "
        "ceb301 d1b26f d2bd0a e2ca76 e6daa6 f1da7a f5bf03 f7d560 fce166 fdee73 fec615 fffeb6"
    ),
    "green/blue": (
        "005249 00555a 00fbb0 00ffff 014d4e 017374 01889f 01c08d 01f9c6 029386 02d8e9 045c5a 04f489 05696b "
        "06b1c4 06b48b 06c2ac 08787f 0a888a 0b8b87 0bf9ea 0cb577 0cdc73 0f9b8e 0ffef9 10a674 12e193 137e6d "
        "13eac9 1f6357 24bca8 25a36f 2afeb7 2bb179 32bf84 35530a 41fdfe 42b395 4c9085 56fca2 5f9e8f 63f7b4 "
        "76fda8 78d1b6 7ef4cc 7efbb3 82cbb2 8cffdb 90e4c1 a5fbd5 acfffc b7fffa b8ffeb"
    ),
    "green/brown": "544e03 696006 696112 6a6e09 6f6c0a 706c11",
    "blue/purple": (
        "1f0954 380282 3a18b1 510ac9 5729ce 5a06ef 5d06e9 5d21d0 5f34e7 601ef9 6140ef 6241c7 632de9 661aee "
        "665fd1 6d5acf 703be7 8b88f8 8e82fe 8f99fb c1c6fc"
    ),
    "purple/pink": (
        "874c62 960056 a0025c ae7181 c20078 c292a1 c83cb9 c94cbe ce5dae d648d7 d725de d767ad db4bda dd85d7 "
        "df4ec8 e03fd8 ef1de7 f075e6 f504c9 fa5ff7 fb5ffc fed0fc ff08e8"
    ),
    "purple/brown": "673a3f 6b4247 76424e",
    "pink/brown": "b17261 c27e79",
    "grey/green/blue": "5e9b8a 658d6d 719f91",
    "red/orange/brown": "8b3103 a83c09 aa2704 c14a09 c45508",
    "red/purple/brown": "3c0008 650021 a24857",
    "orange/yellow/brown": "b59410 dbb40c fddc5c fdde6c",
    "yellow/green/brown": (
        "373e02 3c4d03 645403 677a04 6e750e 728639 9b8f55 9cbb04 a4be5c a8b504 aaa662 acbf69 b1d27b b9cc81 "
        "c2b709 c9d179"
    ),
}
"""Terms, joined by a slash where a colour lies between several, to the colours so named, hexadecimal sRGB."""
