"""The gateway's own database: views of everything said, and what nobody else keeps: passwords and sessions."""

from .access import Access
from .answers import Answers
from .tickets import TicketRows
from .uploads import UploadRows
from .writing import Writing

__all__ = ["Access", "Answers", "TicketRows", "UploadRows", "Writing"]
