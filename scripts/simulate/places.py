"""Where people are, where they come from, and what they are called."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.simulate.clients import CLIENTS


@dataclass(frozen=True)
class Place:
    """A city as the IP lookup names it."""

    weight: int
    country: str
    region: str | None
    region_name: str | None
    city: str
    zipcode: str
    latitude: float
    longitude: float
    timezone: str
    network: str
    language: str = "en-US"


PLACES = (
    Place(13, "US", "NY", "New York", "New York", "10001", 40.7503, -73.9967, "America/New_York", "68.173"),
    Place(10, "US", "CA", "California", "Los Angeles", "90017", 34.0532, -118.2637, "America/Los_Angeles", "76.91"),
    Place(9, "US", "IL", "Illinois", "Chicago", "60602", 41.8832, -87.6290, "America/Chicago", "73.44"),
    Place(8, "US", "TX", "Texas", "Houston", "77002", 29.7574, -95.3656, "America/Chicago", "98.194"),
    Place(7, "US", "PA", "Pennsylvania", "Philadelphia", "19103", 39.9525, -75.1745, "America/New_York", "71.185"),
    Place(7, "US", "GA", "Georgia", "Atlanta", "30303", 33.7527, -84.3925, "America/New_York", "24.98"),
    Place(6, "US", "MA", "Massachusetts", "Boston", "02110", 42.3575, -71.0514, "America/New_York", "66.31"),
    Place(6, "US", "WA", "Washington", "Seattle", "98101", 47.6114, -122.3305, "America/Los_Angeles", "67.160"),
    Place(5, "US", "AZ", "Arizona", "Phoenix", "85004", 33.4508, -112.0699, "America/Phoenix", "70.176"),
    Place(5, "US", "CO", "Colorado", "Denver", "80202", 39.7491, -104.9946, "America/Denver", "75.71"),
    Place(4, "US", "MN", "Minnesota", "Minneapolis", "55402", 44.9762, -93.2759, "America/Chicago", "75.72"),
    Place(4, "US", "NC", "North Carolina", "Charlotte", "28202", 35.2272, -80.8450, "America/New_York", "71.68"),
    Place(6, "CA", "ON", "Ontario", "Toronto", "M5H", 43.6505, -79.3834, "America/Toronto", "99.230", "en-CA"),
    Place(2, "CA", "BC", "British Columbia", "Vancouver", "V6B", 49.2788, -123.1139, "America/Vancouver", "24.84",
          "en-CA"),
    Place(4, "GB", "ENG", "England", "London", "EC1A", 51.5203, -0.0984, "Europe/London", "86.145", "en-GB"),
    Place(1, "GB", "SCT", "Scotland", "Edinburgh", "EH1", 55.9496, -3.1904, "Europe/London", "81.153", "en-GB"),
    Place(1, "IE", "L", "Leinster", "Dublin", "D02", 53.3382, -6.2591, "Europe/Dublin", "86.40", "en-IE"),
    Place(1, "IN", "KA", "Karnataka", "Bengaluru", "560001", 12.9766, 77.5993, "Asia/Kolkata", "106.51", "en-IN"),
    Place(1, "MX", "CMX", "Mexico City", "Mexico City", "06000", 19.4285, -99.1277, "America/Mexico_City", "187.190",
          "es-MX"),
)  # fmt: skip


@dataclass(frozen=True)
class Referrer:
    """A page that people come from, and how Snowplow classifies it."""

    host: str
    path: str
    medium: str
    source: str | None


FIRST_INTRANET = 3
# Three search engines, then the intranet of every client.
REFERRERS = (
    Referrer("www.google.com", "/", "search", "Google"),
    Referrer("www.bing.com", "/", "search", "Bing"),
    Referrer("duckduckgo.com", "/", "search", "DuckDuckGo"),
    *(Referrer(f"intranet.{client.slug}.example", "/benefits", "unknown", None) for client in CLIENTS),
)

FIRST_NAMES = (
    "Ada", "Alice", "Amir", "Anna", "Ben", "Beth", "Carla", "Chen", "Chloe", "Dana", "David", "Diego", "Elena", "Emma",
    "Erik", "Fatima", "Felix", "Grace", "Hana", "Hugo", "Ines", "Isaac", "Jamal", "Jane", "Jonas", "Julia", "Kemal",
    "Lena", "Leo", "Lucy", "Maria", "Mark", "Mei", "Mina", "Nadia", "Noah", "Nora", "Omar", "Paula", "Peter", "Priya",
    "Rosa", "Sam", "Sara", "Tara", "Theo", "Tom", "Vera", "Yusuf", "Zoe",
)  # fmt: skip
LAST_NAMES = (
    "Abbott", "Adeyemi", "Baker", "Brooks", "Carter", "Chavez", "Cohen", "Cruz", "Diaz", "Dixon", "Evans", "Fischer",
    "Foster", "Garcia", "Gupta", "Hall", "Haddad", "Hughes", "Ivanova", "Jensen", "Jones", "Kaya", "Kelly", "Kim",
    "Kumar", "Larsen", "Lee", "Lopez", "Martin", "Meyer", "Moore", "Nguyen", "Novak", "Okafor", "Olsen", "Ortiz",
    "Park", "Patel", "Price", "Quinn", "Reyes", "Rossi", "Sato", "Silva", "Singh", "Smith", "Stone", "Tanaka", "Wong",
    "Young",
)  # fmt: skip
EMAIL_DOMAINS = ("example.com", "example.org", "example.net")
