"""The employers whose people sign up. The same twelve in every world; only one has a planted problem."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Client:
    """One employer; `weight` is its share of signup visitors in thousandths."""

    id: str
    name: str
    slug: str
    weight: int
    size: str
    industry: str
    verification: str
    created: date
    is_archived: bool = False


CLIENTS = (
    Client("0b5c4a52-6c1e-4d0a-9a57-1f2d8a1b7c01", "Alder Health System", "alder-health", 210, "5,000+", "Healthcare",
           "eligibility_file", date(2023, 3, 6)),
    Client("1d7e9b10-23fa-4c55-8b1e-7a90c3d2e402", "Northwind Logistics", "northwind", 150, "5,000+", "Transportation",
           "employee_id", date(2023, 6, 19)),
    Client("2f8a0c21-9d4b-4e66-a2c3-5b61d7e8f903", "Harbor Mutual", "harbor-mutual", 130, "5,000+", "Finance",
           "sso", date(2023, 9, 11)),
    Client("3a9b1d32-0e5c-4f77-b3d4-6c72e8f90a04", "Brightside Software", "brightside", 110, "500-4,999", "Technology",
           "sso", date(2024, 1, 22)),
    Client("4bac2e43-1f6d-4088-84e5-7d83f90a1b05", "Cedar Valley Schools", "cedar-valley", 100, "500-4,999",
           "Education", "eligibility_file", date(2024, 2, 12)),
    Client("5cbd3f54-207e-4199-95f6-8e940a1b2c06", "Lumen Retail Group", "lumen-retail", 90, "5,000+", "Retail",
           "employee_id", date(2024, 4, 8)),
    Client("6dce4065-318f-42aa-a607-9fa51b2c3d07", "Pioneer Credit Union", "pioneer-cu", 75, "500-4,999", "Finance",
           "email_domain", date(2024, 7, 1)),
    Client("7edf5176-4290-43bb-b718-a0b62c3d4e08", "Quarry Analytics", "quarry", 55, "500-4,999", "Technology",
           "email_domain", date(2024, 9, 16)),
    Client("8fe06287-53a1-44cc-8829-b1c73d4e5f09", "St. Brendan Clinics", "st-brendan", 40, "500-4,999", "Healthcare",
           "employee_id", date(2025, 1, 13)),
    Client("90f17398-64b2-45dd-993a-c2d84e5f600a", "Fern & Oak Markets", "fern-oak", 18, "1-499", "Retail",
           "email_domain", date(2025, 5, 5)),
    Client("a10284a9-75c3-46ee-aa4b-d3e95f60710b", "Tidewater Robotics", "tidewater", 13, "1-499", "Technology",
           "email_domain", date(2025, 8, 25)),
    Client("b21395ba-86d4-47ff-bb5c-e4fa6071820c", "Maple Street Bank", "maple-street", 9, "1-499", "Finance",
           "employee_id", date(2025, 11, 3), is_archived=True),
)  # fmt: skip

# The client whose eligibility check fails more: its file of employees is out of date.
FAILING_CLIENT = 4
# The clients where nearly everybody signs in without a password.
SSO_CLIENTS = tuple(at for at, client in enumerate(CLIENTS) if client.verification == "sso")
