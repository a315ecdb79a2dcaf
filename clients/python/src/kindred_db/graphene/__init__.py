"""Batching for graphene-sqlalchemy, with filters, sorting and pages for each parent.

    import kindred_db.graphene

    kindred_db.graphene.install()

before the schema is built, and whatever is batched there (`batching = True`) is batched by what is here. Who
answers the loads is another matter: the database, or kindred where `kindred_db.sqlalchemy.attach` was called
for the engine.

With an AsyncSession, which can do only one thing at a time, a resolver of your own that shares it with other
fields takes its turn: `async with turn_of(session): …`.
"""

from ..sqlalchemy.sessions import turn_of
from .fields import BatchSQLAlchemyConnectionField
from .installation import install, uninstall
from .loaders import get_batch_resolver

__all__ = ["BatchSQLAlchemyConnectionField", "get_batch_resolver", "install", "turn_of", "uninstall"]
