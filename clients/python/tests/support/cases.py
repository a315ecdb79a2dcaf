"""A base for classes of tests that are run only in their subclasses, one for each client."""

from __future__ import annotations

import unittest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    SharedCases = unittest.TestCase
else:
    # Not a TestCase by itself, so that nobody runs it without a client.
    SharedCases = object
