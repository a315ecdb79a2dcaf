"""Batching for graphene-sqlalchemy, with filters, sorting and pages for each parent.

    import kindred_db.graphene

    kindred_db.graphene.install()

before the schema is built, and whatever is batched there (`batching = True`) is batched by what is here: with
SQLAlchemy 2.1 and with an AsyncSession, too, plain lists as well as connections. `first`, `last`, `after`,
`before`, `sort` and `filter` of a connection hold for each parent.

Who answers the loads is another matter: the database, or kindred where `kindred_db.sqlalchemy.attach` was
called for the engine. Where kindred has no words for a question, the database answers it, by one statement
for all parents: filters with `or` or on other relationships, an order by an ENUM or an expression, a page
between two cursors, a relationship with conditions of its own. The handle's `why` tells them.

What changes for clients: cursors of nested connections are positions and no numbers of rows, those of before
are refused, and `hasPreviousPage` is true behind a cursor, as `hasNextPage` is in front of one. Refused are
also those of an order by a long text, JSON or a text in a nopad collation, which the servers sort otherwise
than they compare. In a schema that is executed synchronously nothing can be batched, and each parent loads
its own.

With an AsyncSession, which can do only one thing at a time, a resolver of your own that shares it with other
fields takes its turn: `async with turn_of(session): …`. Within it, it may take the turn again, but must not
await batched fields or the `length` of a connection: their loads wait for the turn, and so it is an error.
"""

from ..sqlalchemy.sessions import turn_of
from .fields import BatchSQLAlchemyConnectionField
from .installation import install, uninstall
from .loaders import get_batch_resolver

__all__ = ["BatchSQLAlchemyConnectionField", "get_batch_resolver", "install", "turn_of", "uninstall"]
