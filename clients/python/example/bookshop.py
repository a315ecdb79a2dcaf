"""A GraphQL schema over the bookshop, and one query of it, with and without kindred.

    python bookshop.py mysql+asyncmy://root@/shop?unix_socket=/tmp/kd-…/s [/tmp/kd-…/kindred.sock]

With the second argument, one line more is run: the one with `attach`.
"""

import asyncio
import json
import sys
from collections import Counter

import graphene
from graphene import relay
from graphene_sqlalchemy import SQLAlchemyObjectType
from models import Author, Book, Tag
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

import kindred_db.graphene
from kindred_db import AsyncClient
from kindred_db.sqlalchemy import attach

# Filters, sorting and pages for each parent, in the place of graphene-sqlalchemy's batching.
kindred_db.graphene.install()


class AuthorType(SQLAlchemyObjectType):
    class Meta:
        model = Author
        name = "Author"
        interfaces = (relay.Node,)
        batching = True


class BookType(SQLAlchemyObjectType):
    class Meta:
        model = Book
        name = "Book"
        interfaces = (relay.Node,)
        batching = True


class TagType(SQLAlchemyObjectType):
    class Meta:
        model = Tag
        name = "Tag"
        interfaces = (relay.Node,)
        batching = True


class Query(graphene.ObjectType):
    authors = graphene.List(AuthorType, country=graphene.String(required=True))

    async def resolve_authors(self, info, country):
        authors = select(Author).where(Author.country == country).order_by(Author.id).limit(5)
        return (await info.context["session"].scalars(authors)).all()


schema = graphene.Schema(query=Query)

BESTSELLERS = """
    query ($country: String!) {
      authors(country: $country) {
        name
        books(first: 2, sort: [SOLD_DESC], filter: {price: {lt: 50}}) {
          edges { cursor node { title sold tags { edges { node { name } } } } }
          pageInfo { hasNextPage endCursor }
        }
      }
    }
"""


COUNTRIES = ["DE", "FR", "GB", "US"] * 4


async def main(url, daemon=None):
    engine = create_async_engine(url, isolation_level="READ COMMITTED", pool_size=len(COUNTRIES))
    if daemon:
        attach(engine, AsyncClient(daemon))
    await bestsellers(engine, "DE")  # The first one asks what server this is, and what kindred can load.
    async with QueryLog(url) as log:
        pages = await asyncio.gather(*[bestsellers(engine, country) for country in COUNTRIES])
    await engine.dispose()
    if pages[0].errors:
        sys.exit(f"the query failed: {pages[0].errors}")
    print(json.dumps(pages[0].data, indent=2, ensure_ascii=False))
    print(
        f"For {len(pages)} visitors at once the database has run {len(log.queries)} queries.", file=sys.stderr
    )
    for query, number in Counter(" ".join(query.split())[:90] for query in log.queries).items():
        print(f"{number:4} times {query} …", file=sys.stderr)


async def bestsellers(engine, country):
    """What one visitor sees, in a session of its own."""
    async with AsyncSession(engine) as session:
        return await schema.execute_async(
            BESTSELLERS, context_value={"session": session}, variable_values={"country": country}
        )


class QueryLog:
    """The queries on tables that the server runs within a `with` block, whoever sends them: its own log."""

    def __init__(self, url):
        self.engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
        self.queries = []

    async def __aenter__(self):
        await self.run(
            "SET GLOBAL log_output = 'TABLE'", "TRUNCATE mysql.general_log", "SET GLOBAL general_log = 1"
        )
        return self

    async def __aexit__(self, *error):
        logged = (
            "SELECT CONVERT(argument USING utf8mb4) FROM mysql.general_log "
            "WHERE argument LIKE 'SELECT %FROM %' AND argument NOT LIKE '%information_schema%' "
            "ORDER BY event_time"
        )
        result = await self.run("SET GLOBAL general_log = 0", logged)
        self.queries = result.scalars().all()
        await self.engine.dispose()

    async def run(self, *statements):
        async with self.engine.connect() as connection:
            for statement in statements:
                result = await connection.execute(text(statement))
            return result


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    asyncio.run(main(*sys.argv[1:]))
