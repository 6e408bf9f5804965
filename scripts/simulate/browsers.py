"""User agents of people and of bots, with what Snowplow's enrichments say about them."""

from __future__ import annotations

from dataclasses import dataclass

DESKTOP, PHONE, TABLET = range(3)
DEVICE_TYPES = ("desktop", "phone", "tablet")
# How many of 100 devices are which, and their screens (width, height of the visible page; height of the screen).
DEVICE_WEIGHTS = (55, 38, 7)
SCREENS = (
    ((1440, 780, 900), (1920, 945, 1080), (1536, 730, 864), (1280, 620, 720), (2560, 1310, 1440)),
    ((390, 664, 844), (393, 660, 852), (412, 732, 915), (360, 640, 800), (430, 740, 932)),
    ((820, 1100, 1180), (810, 1000, 1080), (768, 950, 1024), (1024, 1230, 1366), (800, 1150, 1280)),
)


@dataclass(frozen=True)
class Browser:
    """One user agent and the columns and context fields that follow from it."""

    device: int
    weight: int
    useragent: str
    br_name: str
    br_family: str
    br_version: str
    br_type: str
    br_renderengine: str
    os_name: str
    os_family: str
    os_manufacturer: str
    dvce_type: str
    device_class: str
    device_brand: str
    agent_class: str
    agent_name: str
    operating_system_class: str


def _chrome(version: int, weight: int, system: str, name: str, family: str, maker: str) -> Browser:
    text = f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 Safari/537.36"
    return Browser(DESKTOP, weight, text, "Chrome", "Chrome", f"{version}.0.0.0", "Browser", "WEBKIT", name, family,
                   maker, "Computer", "Desktop", "Apple" if "Mac" in system else "Unknown", "Browser", "Chrome",
                   "Desktop")  # fmt: skip


def _edge(version: int, weight: int) -> Browser:
    text = (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        f"Chrome/{version}.0.0.0 Safari/537.36 Edg/{version}.0.0.0"
    )
    return Browser(DESKTOP, weight, text, "Microsoft Edge", "Microsoft Edge", f"{version}.0.0.0", "Browser", "WEBKIT",
                   "Windows 10", "Windows", "Microsoft Corporation", "Computer", "Desktop", "Unknown", "Browser",
                   "Edge", "Desktop")  # fmt: skip


def _firefox(version: int, weight: int, system: str, name: str, family: str, maker: str) -> Browser:
    text = f"Mozilla/5.0 ({system}; rv:{version}.0) Gecko/20100101 Firefox/{version}.0"
    return Browser(DESKTOP, weight, text, "Firefox", "Firefox", f"{version}.0", "Browser", "GECKO", name, family,
                   maker, "Computer", "Desktop", "Apple" if "Mac" in system else "Unknown", "Browser", "Firefox",
                   "Desktop")  # fmt: skip


def _safari(version: str, weight: int) -> Browser:
    text = (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        f"Version/{version} Safari/605.1.15"
    )
    return Browser(DESKTOP, weight, text, "Safari", "Safari", version, "Browser", "WEBKIT", "Mac OS X", "Mac OS X",
                   "Apple Inc.", "Computer", "Desktop", "Apple", "Browser", "Safari", "Desktop")  # fmt: skip


def _apple(device: int, system: str, version: str, weight: int) -> Browser:
    what, kind = ("iPhone; CPU iPhone OS", "Phone") if device == PHONE else ("iPad; CPU OS", "Tablet")
    text = (
        f"Mozilla/5.0 ({what} {system} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        f"Version/{version} Mobile/15E148 Safari/604.1"
    )
    return Browser(device, weight, text, "Mobile Safari", "Safari", version, "Browser (mobile)", "WEBKIT",
                   f"iOS {system.split('_')[0]}", "iOS", "Apple Inc.", "Mobile" if device == PHONE else "Tablet", kind,
                   "Apple", "Browser", "Safari", "Mobile")  # fmt: skip


def _android(device: int, model: str, brand: str, android: int, version: int, weight: int) -> Browser:
    mobile = "Mobile " if device == PHONE else ""
    text = (
        f"Mozilla/5.0 (Linux; Android {android}; {model}) AppleWebKit/537.36 (KHTML, like Gecko) "
        f"Chrome/{version}.0.0.0 {mobile}Safari/537.36"
    )
    kind = "Phone" if device == PHONE else "Tablet"
    return Browser(device, weight, text, "Chrome Mobile", "Chrome", f"{version}.0.0.0", "Browser (mobile)", "WEBKIT",
                   f"Android {android}", "Android", "Google Inc.", "Mobile" if device == PHONE else "Tablet", kind,
                   brand, "Browser", "Chrome", "Mobile")  # fmt: skip


_WINDOWS = ("Windows NT 10.0; Win64; x64", "Windows 10", "Windows", "Microsoft Corporation")
_MAC = ("Macintosh; Intel Mac OS X 10_15_7", "Mac OS X", "Mac OS X", "Apple Inc.")
_LINUX = ("X11; Linux x86_64", "Linux", "Linux", "Other")

BROWSERS = (
    _chrome(141, 10, *_WINDOWS), _chrome(142, 18, *_WINDOWS), _chrome(143, 26, *_WINDOWS), _chrome(144, 20, *_WINDOWS),
    _chrome(142, 9, *_MAC), _chrome(143, 13, *_MAC), _chrome(144, 9, *_MAC), _chrome(143, 2, *_LINUX),
    _edge(142, 11), _edge(143, 15), _edge(144, 10),
    _firefox(145, 3, *_WINDOWS), _firefox(146, 4, *_WINDOWS), _firefox(146, 2, *_MAC),
    _safari("18.6", 8), _safari("26.1", 9), _safari("26.2", 6),
    _apple(PHONE, "17_6", "17.6", 6), _apple(PHONE, "18_5", "18.5", 16), _apple(PHONE, "18_6", "18.6", 22),
    _apple(PHONE, "18_7", "26.1", 20), _apple(PHONE, "18_7", "26.2", 12),
    _android(PHONE, "SM-S928U", "Samsung", 15, 142, 8), _android(PHONE, "SM-S931U", "Samsung", 15, 143, 9),
    _android(PHONE, "SM-A546U", "Samsung", 14, 142, 5), _android(PHONE, "Pixel 8", "Google", 15, 143, 5),
    _android(PHONE, "Pixel 9 Pro", "Google", 16, 143, 5), _android(PHONE, "moto g power 5G", "Motorola", 14, 141, 4),
    _apple(TABLET, "17_7", "17.7", 4), _apple(TABLET, "18_6", "18.6", 7), _apple(TABLET, "18_7", "26.1", 5),
    _android(TABLET, "SM-X710", "Samsung", 15, 143, 3), _android(TABLET, "SM-T870", "Samsung", 13, 142, 2),
)  # fmt: skip


def _bot(useragent: str, name: str) -> Browser:
    return Browser(DESKTOP, 1, useragent, "Robot/Spider", "Robot/Spider", "0", "Robot", "OTHER", "Unknown", "Unknown",
                   "Other", "Unknown", "Robot", "Unknown", "Robot", name, "Unknown")  # fmt: skip


BOTS = (
    _bot("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot"),
    _bot("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", "bingbot"),
    _bot("Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)", "AhrefsBot"),
    _bot("Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)", "YandexBot"),
    _bot("Sogou web spider/4.0(+http://www.sogou.com/docs/help/webmasters.htm)", "Sogou spider"),
)
