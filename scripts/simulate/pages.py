"""The pages of the site, the steps of the two funnels, the links on the pages, and how a URL is spelled."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.simulate.clients import CLIENTS

APP_HOST = "app.wellthy.com"
SITE_HOST = "www.wellthy.com"


@dataclass(frozen=True)
class Page:
    """A page: where it lives, its title, and its median time on page (ms) on a phone and on anything larger.

    `height` is the length of the document in hundredths of the screen, on anything larger and on a phone.
    """

    host: str
    path: str
    title: str
    large_ms: int
    phone_ms: int
    height: tuple[int, int] = (130, 190)


HOME, HELP, RESOURCES, LOGIN, CALLBACK = range(5)
FIRST_LANDING = 15
REFERRAL_STEP, NEXT_STEPS, DASHBOARD_STEP = 7, 9, 10

# Positions 5 to 14 are the ten steps of ONBOARDING, in order (see `step_page`).
PAGES = (
    Page(SITE_HOST, "/", "Wellthy", 11_000, 12_000, (420, 700)),
    Page(SITE_HOST, "/help/getting-started", "Getting started | Wellthy", 26_000, 30_000, (300, 520)),
    Page(SITE_HOST, "/resources/caring-for-a-parent", "Caring for a parent | Wellthy", 38_000, 42_000, (600, 1100)),
    Page(APP_HOST, "/login", "Log in | Wellthy", 9_000, 11_000, (100, 110)),
    Page(APP_HOST, "/login/callback", "Wellthy", 1_500, 1_500, (100, 100)),
    Page(APP_HOST, "/signup/identifier", "Create your account | Wellthy", 14_000, 16_000),
    Page(APP_HOST, "/signup/password", "Create a password | Wellthy", 17_000, 21_000),
    Page(APP_HOST, "/mfa-webauthn-platform-enrollment", "Secure your account | Wellthy", 24_000, 20_000),
    Page(APP_HOST, "/member-intake/full-name", "Your name | Wellthy", 15_000, 18_000),
    Page(APP_HOST, "/eligibility/confirmation", "Verify eligibility | Wellthy", 26_000, 30_000),
    Page(APP_HOST, "/eligibility/confirm-group", "Confirm your sponsor | Wellthy", 9_000, 10_000),
    Page(APP_HOST, "/eligibility/referral-source", "How did you hear about us? | Wellthy", 21_000, 24_000),
    Page(APP_HOST, "/care_recipients/create/", "Who are you caring for? | Wellthy", 38_000, 46_000, (180, 290)),
    # The planted page: on a phone its call to action lies far below the fold.
    Page(APP_HOST, "/next-steps", "Next steps | Wellthy", 9_000, 48_000, (240, 480)),
    Page(APP_HOST, "/chat/", "Your care project | Wellthy", 27_000, 24_000, (150, 240)),
    *(
        Page(SITE_HOST, f"/partners/{client.slug}", f"{client.name} and Wellthy", 13_000, 14_000, (280, 480))
        for client in CLIENTS
    ),
)


def step_page(step: int) -> int:
    """The page of an ONBOARDING step (1 to 10)."""
    return step + 4


# The call to action of steps 1 to 9, then links that are not one.
ELEMENTS = (
    "continue-with-email",
    "set-password",
    "enroll-device",
    "save-full-name",
    "verify-eligibility",
    "confirm-sponsorship",
    "save-referral-source",
    "create-care-recipient",
    "open-care-project",
    "nav-help",
    "footer-privacy",
    "nav-logo",
)
OTHER_ELEMENTS = (9, 10, 11)

# MEMBER_INTAKE, in order: step k is position k - 1.
INTAKE_STEPS = (
    "CREATE_ACCOUNT",
    "INPUT_FULL_NAME",
    "CONFIRM_COUNTRY",
    "VERIFY_ELIGIBILITY",
    "CAREGIVING_GOAL",
    "CREATE_PROJECT",
)

# Spellings of one URL; the first is the canonical one and by far the most frequent.
VARIANTS = ("plain", "case", "slash", "query", "fragment", "raw")


def spell(page: Page, variant: str) -> tuple[str, str, str | None, str | None]:
    """One spelling of a page's address as (page_url, page_urlpath, page_urlquery, page_urlfragment).

    `raw` puts case, slash, query and fragment into the path itself, as a badly configured tracker does.
    """
    path, query, fragment = page.path, None, None
    flipped = path if path == "/" else path.rstrip("/") if path.endswith("/") else path + "/"
    if variant == "case":
        path = path.title()
    elif variant == "slash":
        path = flipped
    elif variant == "query":
        query = "utm_source=newsletter&utm_medium=email&utm_campaign=benefits-week"
    elif variant == "fragment":
        fragment = "top"
    elif variant == "raw":
        path = flipped.title() + "?x=1#top"
    url = f"https://{page.host}{path}" + (f"?{query}" if query else "") + (f"#{fragment}" if fragment else "")
    return url, path, query, fragment
