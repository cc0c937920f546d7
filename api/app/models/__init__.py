"""All models. Alembic's autogenerate sees a table only if its module is imported here."""

from app.models.access import ApiToken
from app.models.base import Base
from app.models.invoices import Invoice, Payment
from app.models.orders import Order, OrderLine, Product
from app.models.organisations import Membership, Organisation
from app.models.projects import Project
from app.models.users import User
from app.models.webhooks import WebhookDelivery, WebhookEndpoint

__all__ = [
    "ApiToken",
    "Base",
    "Invoice",
    "Membership",
    "Order",
    "OrderLine",
    "Organisation",
    "Payment",
    "Product",
    "Project",
    "User",
    "WebhookDelivery",
    "WebhookEndpoint",
]
